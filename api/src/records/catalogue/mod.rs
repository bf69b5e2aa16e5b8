//! Catalogues: the lists that records choose from, shared by all institutions. Each is one declaration of
//! [`catalogue!`](declare), which says what an entry is known by and what it is part of; the rest is the same for all.
//!
//! What an entry is known by never changes, and an entry is never removed, because records refer to it: one that is no
//! longer to be chosen is made inactive.

mod clinical;
mod contacts;
mod declare;
mod directory;
mod entry;
mod people;
mod places;

pub use clinical::*;
pub use contacts::*;
pub use directory::*;
pub use people::*;
pub use places::*;

pub(super) use entry::{Catalogue, check_choice, check_region};
