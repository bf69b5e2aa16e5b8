/// Declares a catalogue: its filter and order, the inputs of its two mutations, and the rules of its entries.
///
/// `keys` are what an entry is known by, and `unique` which of them, together, no two entries have alike. An `owner` is an
/// entry of another catalogue that an entry belongs to for good; a `parent` is an entry of the same one, that may change.
macro_rules! catalogue {
    (
        $(#[$doc:meta])*
        $catalogue:ident: $filter:ident, $order:ident, $order_field:ident on $entity:ident,
            $name:literal of $create:ident, $update:ident {
            $(owner {
                $(#[$owner_doc:meta])*
                $owner_id:ident: $owner_column:ident of $owners:ident;
                $(#[$owned_doc:meta])*
                $owner:ident: $owner_filter:ident of $owner_entity:ident;
            })?
            $(parent {
                $(#[$parent_doc:meta])*
                $parent_id:ident;
                $(#[$part_doc:meta])*
                $parent:ident;
            })?
            keys { $($(#[$key_doc:meta])* $key:ident: $kind:expr => $column:ident;)+ }
            $(unique $($unique:ident),+;)+
            $(#[$name_doc:meta])*
            name: $name_kind:expr;
        }
    ) => {
        $crate::criteria! {
            $(#[$doc])*
            $catalogue: $filter, $order, $order_field on $entity {
                /// The record's own key.
                uuid: $crate::criteria::UuidFilter => Uuid;
                $($(#[$owner_doc])* $owner_id: $crate::criteria::UuidFilter => $owner_column;)?
                $($(#[$parent_doc])* $parent_id: $crate::criteria::UuidFilter => ParentId;)?
                $($(#[$key_doc])* $key: $crate::criteria::TextFilter => $column;)+
                /// Name.
                name: $crate::criteria::TextFilter => Name folded "name_folded";
                /// Whether the entry is to be chosen for new records.
                is_active: $crate::criteria::BooleanFilter => IsActive;
                /// How often the record has changed, counting from 1.
                version: $crate::criteria::IntFilter => Version;
                /// When the record was created.
                created_at: $crate::criteria::DateTimeFilter => CreatedAt;
                /// When the record last changed.
                updated_at: $crate::criteria::DateTimeFilter => UpdatedAt;
            }
            relations {
                $($(#[$owned_doc])* $owner: $owner_filter => $owner_column of $owner_entity;)?
                $($(#[$part_doc])* $parent: $filter => ParentId of $entity;)?
            }
        }

        /// An entry of a catalogue, to create.
        #[derive(Clone, Debug, async_graphql::InputObject, serde::Serialize)]
        pub struct $create {
            /// UUID of the new record, of any version but 5; made by the server when left out.
            pub uuid: Option<uuid::Uuid>,
            $($(#[$owner_doc])* pub $owner_id: uuid::Uuid,)?
            $($(#[$parent_doc])* pub $parent_id: Option<uuid::Uuid>,)?
            $($(#[$key_doc])* pub $key: String,)+
            $(#[$name_doc])*
            pub name: String,
            /// A text of the client's making, at most 200 characters. Sending the same key with the same input again,
            /// within 24 hours, returns the first result instead of creating twice.
            #[serde(skip)]
            pub idempotency_key: Option<String>,
        }

        /// An entry of a catalogue, to change. What is left out stays as it is.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $update {
            /// The record's own key.
            pub uuid: uuid::Uuid,
            /// The version that the changes are meant for. If the record has changed since, nothing is written.
            pub expected_version: Option<i32>,
            $($(#[$parent_doc])* pub $parent_id: async_graphql::MaybeUndefined<uuid::Uuid>,)?
            $(#[$name_doc])*
            pub name: async_graphql::MaybeUndefined<String>,
            /// Whether the entry is to be chosen for new records. Records that have chosen it keep it.
            pub is_active: Option<bool>,
        }

        impl $crate::criteria::Bounded for $catalogue {
            fn institution() -> Option<entity::$entity::Column> {
                None
            }
        }

        impl $crate::records::Collection for $catalogue {
            const NAME: &'static str = $name;
            const READ: $crate::scope::Permission = $crate::scope::Permission::ReadDirectory;

            fn key() -> entity::$entity::Column {
                entity::$entity::Column::Uuid
            }

            fn default_order() -> $crate::criteria::Term<entity::$entity::Column> {
                $crate::criteria::Term {
                    column: entity::$entity::Column::Name,
                    direction: $crate::criteria::Direction::Asc,
                }
            }
        }

        impl $crate::records::catalogue::entry::Catalogue for $catalogue {
            fn is_active() -> entity::$entity::Column {
                entity::$entity::Column::IsActive
            }

            $(fn owner() -> Option<entity::$entity::Column> {
                Some(entity::$entity::Column::$owner_column)
            })?
        }

        impl $catalogue {
            /// Creates an entry.
            ///
            /// # Errors
            /// `Rejected` with every broken rule; `Forbidden`, also for who is bound to one institution; as any write.
            pub async fn create(
                scope: &$crate::scope::Scope,
                cluster: &$crate::database::Cluster,
                clock: &dyn $crate::clock::Clock,
                input: $create,
            ) -> $crate::error::Result<$crate::records::Row<entity::$entity::Entity>> {
                use async_graphql::MaybeUndefined::Value;
                use sea_orm::ActiveValue::Set;

                use $crate::criteria::client_name;
                use $crate::records::{aggregate::New, check::Check, idempotency::Key};

                $crate::records::catalogue::entry::require(scope)?;
                let key = Key::new(concat!("create", $name), input.idempotency_key.as_deref(), &input)?;
                let mut check = Check::new(["input"]);
                let uuid = input.uuid.unwrap_or_else(uuid::Uuid::new_v4);
                let row = entity::$entity::ActiveModel {
                    uuid: Set(uuid),
                    $($owner_id: Set(input.$owner_id),)?
                    $($parent_id: Set(input.$parent_id),)?
                    $($key: check.required(&client_name(stringify!($key)), $kind, &Value(input.$key)),)+
                    name: check.required("name", $name_kind, &Value(input.name)),
                    ..Default::default()
                };
                let new = New::<$catalogue> { check, uuid, row };
                $crate::records::catalogue::entry::create(scope, cluster, clock, new, key).await
            }

            /// Changes an entry, or makes it inactive.
            ///
            /// # Errors
            /// `Rejected` with every broken rule; `Forbidden`, also for who is bound to one institution; as any write.
            pub async fn update(
                scope: &$crate::scope::Scope,
                cluster: &$crate::database::Cluster,
                input: $update,
            ) -> $crate::error::Result<$crate::records::Row<entity::$entity::Entity>> {
                use sea_orm::ActiveValue::{NotSet, Set};

                use $crate::records::{Deleted, aggregate::{Target, change}, check::Check};

                $crate::records::catalogue::entry::require(scope)?;
                let mut check = Check::new(["input"]);
                let changes = entity::$entity::ActiveModel {
                    $($parent_id: $crate::records::check::optional_reference(&input.$parent_id),)?
                    name: check.required("name", $name_kind, &input.name),
                    is_active: input.is_active.map_or(NotSet, Set),
                    ..Default::default()
                };
                let (uuid, expected_version) = (input.uuid, input.expected_version);
                let target = Target { uuid, expected_version, deleted: Deleted::Excluded };
                change::<$catalogue>(scope, cluster, check, target, changes).await
            }
        }

        impl $crate::records::aggregate::Aggregate for $catalogue {
            const WRITE: $crate::scope::Permission = $crate::scope::Permission::WriteDirectory;

            /// The database knows no inactive entries, and does not say well what closes a circle.
            const ALWAYS_CHECKED: bool = true;

            fn uuid(model: &entity::$entity::Model) -> uuid::Uuid {
                model.uuid
            }

            fn version(model: &entity::$entity::Model) -> i32 {
                model.version
            }

            $(fn complete(
                present: &entity::$entity::Model,
                changes: &mut entity::$entity::ActiveModel,
                _: &mut $crate::records::check::Check,
            ) {
                changes.$owner_id = sea_orm::ActiveValue::Unchanged(present.$owner_id);
            })?

            async fn check_others(
                row: &entity::$entity::ActiveModel,
                own: uuid::Uuid,
                check: &mut $crate::records::check::Check,
                scope: &$crate::scope::Scope,
                tx: &$crate::database::Transaction,
            ) -> $crate::error::Result<()> {
                use $crate::records::catalogue::entry;

                $(entry::check_unique::<Self>(row, own, &[$(entity::$entity::Column::$unique),+], check, scope, tx).await?;)+
                $(if let sea_orm::ActiveValue::Set(key) = row.$owner_id {
                    let field = $crate::criteria::client_name(stringify!($owner_id));
                    entry::check_choice::<$owners>(&field, key, check, scope, tx).await?;
                })?
                $(if let sea_orm::ActiveValue::Set(Some(key)) = row.$parent_id {
                    let column = entity::$entity::Column::ParentId;
                    entry::check_parent::<Self>(row, own, (column, key), check, tx).await?;
                })?
                Ok(())
            }
        }
    };
}

pub(super) use catalogue;
