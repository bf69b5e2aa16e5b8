//! A new step is embedded as soon as its folder is there.

fn main() {
    println!("cargo::rerun-if-changed=steps");
}
