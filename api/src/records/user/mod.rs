//! Users: who may sign in, as whom, and what for. What proves who they are is kept elsewhere.

mod criteria;
mod rules;
mod write;

pub use criteria::{UserFilter, UserKind, UserKindFilter, UserOrder, UserOrderField, Users};
pub use write::{CreateUserInput, UpdateUserInput, create, update};
