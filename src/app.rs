//! Opens the rooms in order, and closes them in order.
