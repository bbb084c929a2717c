//! The `tenderhall` program.

fn main() {}
