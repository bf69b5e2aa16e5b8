use entity::role::Column;

use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter};
use crate::records::Collection;
use crate::scope::Permission;

criteria! {
    /// Roles.
    Roles: RoleFilter, RoleOrder, RoleOrderField on role {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Name.
        name: TextFilter => Name;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
}

impl Bounded for Roles {
    fn institution() -> Option<Column> {
        None
    }
}

impl Collection for Roles {
    const NAME: &'static str = "Role";

    /// Whoever gives somebody a role must know which there are.
    const READ: Permission = Permission::ManageUsers;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Name, direction: Direction::Asc }
    }
}
