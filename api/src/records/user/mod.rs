//! Users: who may sign in, as whom, and what for. What proves who they are is kept elsewhere.

mod criteria;
mod last_login;
mod rules;
mod write;

pub use criteria::{UserFilter, UserKind, UserKindFilter, UserOrder, UserOrderField, Users};
pub use last_login::last_logins;
pub use write::{CreateUserInput, UpdateUserInput, create, update};
