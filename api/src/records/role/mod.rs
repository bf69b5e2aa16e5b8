//! Roles: what a kind of user may do, and when, from where and with what.

mod administrator;
mod allowed;
mod conditions;
mod criteria;
mod write;

pub use administrator::{administers, administrators};
pub use allowed::allowed;
pub use conditions::{Conditions, Day, Location, Rules};
pub use criteria::{RoleFilter, RoleOrder, RoleOrderField, Roles};
pub use write::{CreateRoleInput, PermissionInput, UpdateRoleInput, create, update};

pub(super) use administrator::keeps_an_administrator;
pub(super) use allowed::permissions_of;
