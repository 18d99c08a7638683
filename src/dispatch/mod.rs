//! Clean lines go to billing, until answered.
