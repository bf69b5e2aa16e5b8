/// Makes two tests of each function: one on SQLite and one on PostgreSQL, with a server of its own each.
///
/// The functions take a [`&Phr`](crate::Phr). One that is not listed is dead code, which the lints refuse.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::Phr::start($crate::Backend::Sqlite));
            })+
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::Phr::start($crate::Backend::Postgres));
            })+
        }
    };
}
