//! Faults under load: what is broken, how it is mended, and what must hold meanwhile. The tests, the command
//! `tests/faults` and the long repetitions all run these.

mod figures;
mod list;
mod scene;

pub use figures::Figures;
pub use list::all;
pub use scene::{Fault, Scene, run};
