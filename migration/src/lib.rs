//! The schema's history: one folder per step under `steps/`, named by time, with its SQL for each database, up and down.
//!
//! Steps are embedded in the binary. When one is applied, the SHA-256 of its SQL is recorded; a step that was edited
//! since is refused by name, because nobody can know any more what the database holds.

mod database;
mod names;
mod step;

pub use database::{Applied, Database, Error, Status};
pub use sea_orm_migration::sea_orm::DbBackend;
pub use step::{Step, steps};
