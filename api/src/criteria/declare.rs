/// Declares the filter and the order of one kind of record, once: which fields it has, by which column, with which
/// operators, and the permission that a field wants beyond that of the record. `relations` are the records that it refers
/// to, by which column of its own; `many` are those that refer to it, by which column of theirs; `orders` are values of the
/// former that lists can be ordered by. Only values that are nobody's secret can be: cursors tell them.
///
/// The trait `Collection` of `records` must be in scope, by which the declared kind says what of it a caller may see.
///
/// `members` are fields of which a record has several values: they are found by the named [`Members`](super::Members), and no
/// list is ordered by them.
///
/// A text field that names a `folded` twin has, on PostgreSQL, a column of that name in lower case.
#[macro_export]
macro_rules! criteria {
    (
        $(#[$doc:meta])*
        $criteria:ident: $filter:ident, $order:ident, $order_field:ident on $entity:ident {
            $($(#[$field_doc:meta])* $field:ident: $operators:ty => $column:ident $(folded $folded:literal)? $([$permission:ident])?;)+
        }
        $(lists { $($(#[$list_doc:meta])* $list:ident: $list_operators:ty => $list_column:ident $([$list_permission:ident])?;)+ })?
        $(members { $($(#[$member_doc:meta])* $member:ident: $member_operators:ty => $member_column:ident by $members:expr;)+ })?
        $(relations { $($(#[$relation_doc:meta])* $relation:ident: $relation_filter:ty => $relation_column:ident of $target:ident;)* })?
        $(many { $($(#[$many_doc:meta])* $many:ident: $many_filter:ty => $many_column:ident of $many_target:ident;)+ })?
        $(orders {
            $($(#[$order_doc:meta])* $through:ident: $through_filter:ty => $through_column:ident of $through_target:ident $through_value:ident;)+
        })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $criteria;

        impl $crate::criteria::Criteria for $criteria {
            type Entity = entity::$entity::Entity;
            type Filter = $filter;
            type Order = $order;

            fn permission(column: &str) -> Option<$crate::scope::Permission> {
                match column {
                    $(stringify!($field) => $crate::criteria!(@permission $($permission)?),)+
                    $($(stringify!($list) => $crate::criteria!(@permission $($list_permission)?),)+)?
                    _ => None,
                }
            }
        }

        /// Which records: all conditions that are given must hold.
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub struct $filter {
            /// All of these hold; an empty list always does.
            and: Option<Vec<$filter>>,
            /// At least one of these holds; an empty list never does.
            or: Option<Vec<$filter>>,
            /// This does not hold.
            not: Option<Box<$filter>>,
            $($(#[$field_doc])* $field: Option<Box<$operators>>,)+
            $($($(#[$list_doc])* $list: Option<Box<$list_operators>>,)+)?
            $($($(#[$member_doc])* $member: Option<Box<$member_operators>>,)+)?
            $($($(#[$relation_doc])* $relation: Option<Box<$relation_filter>>,)*)?
            $($($(#[$many_doc])* $many: Option<Box<$crate::criteria::ListFilter<$many_filter>>>,)+)?
        }

        impl $crate::criteria::Filter for $filter {
            fn condition(
                &self,
                translation: &mut $crate::criteria::Translation,
            ) -> $crate::error::Result<sea_orm::Condition> {
                use $crate::criteria::{Operand, Operators as _};
                let mut all = translation.each("and", self.and.as_deref().unwrap_or_default())?;
                if let Some(alternatives) = &self.or {
                    all.push($crate::criteria::any_of(translation.each("or", alternatives)?));
                }
                if let Some(not) = &self.not {
                    let held = translation.nested(|translation| not.condition(translation));
                    let held = held.map_err($crate::criteria!(@at not))?;
                    all.push(translation.fails(held).into());
                }
                $(if let Some(operators) = &self.$field {
                    $(translation.require($crate::scope::Permission::$permission)?;)?
                    translation.ask(&entity::$entity::Column::$column);
                    let operand = $crate::criteria!(@operand $entity $field $column $($folded)?);
                    let naming = $crate::criteria::Naming::of::<$criteria>(
                        &entity::$entity::Column::$column,
                        &<$criteria as Collection>::key(),
                    );
                    let operand = operand.naming(naming);
                    all.push(operators.condition(&operand, translation).map_err($crate::criteria!(@at $field))?);
                })+
                $($(if let Some(operators) = &self.$list {
                    $(translation.require($crate::scope::Permission::$list_permission)?;)?
                    translation.ask(&entity::$entity::Column::$list_column);
                    let operand = Operand::new(stringify!($list), entity::$entity::Column::$list_column);
                    all.push(operators.condition(&operand, translation).map_err($crate::criteria!(@at $list))?);
                })+)?
                $($(if let Some(operators) = &self.$member {
                    translation.ask(&entity::$entity::Column::$member_column);
                    let operand = Operand::members(stringify!($member), entity::$entity::Column::$member_column, $members);
                    let operand = operand.naming(Some($crate::criteria::Naming::Patient));
                    all.push(operators.condition(&operand, translation).map_err($crate::criteria!(@at $member))?);
                })+)?
                $($(if let Some(filter) = &self.$relation {
                    use sea_orm::{EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};
                    translation.ask(&entity::$entity::Column::$relation_column);
                    translation.refer();
                    translation.cross::<$relation_filter>(&entity::$target::Column::Uuid);
                    let related = entity::$target::Entity::find()
                        .select_only()
                        .column(entity::$target::Column::Uuid)
                        .filter(<$relation_filter as $crate::criteria::Filter>::reach(translation.scope())?)
                        .filter(
                            translation
                                .nested(|translation| filter.condition(translation))
                                .map_err($crate::criteria!(@at $relation))?,
                        )
                        .into_query();
                    all.push(
                        sea_orm::ColumnTrait::in_subquery(&entity::$entity::Column::$relation_column, related).into(),
                    );
                })*)?
                $($(if let Some(filter) = &self.$many {
                    let condition = filter.condition(
                        stringify!($many),
                        entity::$entity::Column::Uuid,
                        entity::$many_target::Column::$many_column,
                        translation,
                    );
                    all.push(condition.map_err($crate::criteria!(@at $many))?);
                })+)?
                Ok($crate::criteria::all_of(all))
            }

            fn reach(scope: &$crate::scope::Scope) -> $crate::error::Result<sea_orm::Condition> {
                <$criteria as Collection>::reach(scope)
            }

            fn on_record() -> Option<&'static str> {
                <$criteria as Collection>::on_record()
            }
        }

        /// What to order by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $order_field {
            $($(#[$field_doc])* $column,)+
            $($($(#[$order_doc])* $through,)+)?
        }

        impl $crate::criteria::OrderField for $order_field {
            type Column = entity::$entity::Column;

            fn column(self) -> Self::Column {
                match self {
                    $(Self::$column => entity::$entity::Column::$column,)+
                    $($(Self::$through => entity::$entity::Column::$through_column,)+)?
                }
            }

            fn permission(self) -> Option<$crate::scope::Permission> {
                match self {
                    $(Self::$column => $crate::criteria!(@permission $($permission)?),)+
                    $($(Self::$through => None,)+)?
                }
            }

            fn related(
                self,
                _scope: &$crate::scope::Scope,
            ) -> $crate::error::Result<Option<$crate::criteria::Related>> {
                Ok(match self {
                    $(Self::$column => None,)+
                    $($(Self::$through => Some($crate::criteria::Related::new(
                        entity::$entity::Column::$through_column,
                        entity::$through_target::Column::Uuid,
                        entity::$through_target::Column::$through_value,
                        <$through_filter as $crate::criteria::Filter>::reach(_scope)?,
                    )),)+)?
                })
            }
        }

        /// One step of an order; later steps decide among records that are equal in the earlier ones.
        #[derive(Clone, Copy, Debug, async_graphql::InputObject)]
        pub struct $order {
            /// What to order by. Unknown values count as the greatest.
            pub field: $order_field,
            /// Which way.
            #[graphql(default)]
            pub direction: $crate::criteria::Direction,
        }

        impl $crate::criteria::Order for $order {
            type Column = entity::$entity::Column;
            type Field = $order_field;

            fn field(&self) -> Self::Field {
                self.field
            }

            fn direction(&self) -> $crate::criteria::Direction {
                self.direction
            }
        }
    };
    (@at $field:ident) => {
        |error: $crate::error::Error| error.at(&[&$crate::criteria::client_name(stringify!($field))])
    };
    (@operand $entity:ident $field:ident $column:ident) => {
        Operand::new(stringify!($field), entity::$entity::Column::$column)
    };
    (@operand $entity:ident $field:ident $column:ident $folded:literal) => {
        Operand::folded(stringify!($field), entity::$entity::Column::$column, $folded)
    };
    (@permission) => { None };
    (@permission $permission:ident) => { Some($crate::scope::Permission::$permission) };
}
