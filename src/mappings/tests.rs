//! The tables of the house, as they are.

use super::*;

#[test]
fn the_embedded_tables_have_no_problem() {
    let problems: Vec<String> =
        Tables::embedded().err().unwrap_or_default().iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
