//! Migrations are compiled in by a macro that cannot tell cargo which folder it read.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
