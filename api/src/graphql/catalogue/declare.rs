/// Declares what clients see of a catalogue: the object with its own texts, the entries that it refers to (`ones`), the
/// lists that belong to it (`many`), and the two queries and the two mutations.
macro_rules! catalogue {
    (
        $(#[doc = $doc:literal])*
        $object:ident: $catalogue:ident on $entity:ident {
            texts { $($(#[doc = $text_doc:literal])* $text:ident;)+ }
            $(ones { $($(#[doc = $one_doc:literal])* $one:ident: $related:ident => $column:ident;)+ })?
            $(many $many:expr;)?
        }
        $queries:ident {
            $(#[$one_query_doc:meta])*
            $one_query:ident;
            $(#[$list_query_doc:meta])*
            $list_query:ident: $filter:ident, $order:ident;
        }
        $mutations:ident {
            $(#[$create_doc:meta])*
            $create:ident: $create_input:ident => $create_payload:ident;
            $(#[$update_doc:meta])*
            $update:ident: $update_input:ident => $update_payload:ident;
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone)]
        pub(in crate::graphql) struct $object {
            row: $crate::records::Row<entity::$entity::Entity>,
            $($($one: $crate::graphql::related::Related<$related>,)+)?
        }

        impl $crate::graphql::record::Record for $object {
            type Collection = $crate::records::catalogue::$catalogue;

            const NAME: &'static str = stringify!($object);

            $(const MANY: &'static [&'static dyn $crate::graphql::many::Many] = $many;)?

            const ONES: &'static [&'static dyn $crate::graphql::one::One<Self>] = &[
                $($(&$crate::graphql::one::one::<Self, $related>(
                    stringify!($one),
                    entity::$entity::Column::$column,
                ),)+)?
            ];

            async fn of(
                context: &$crate::graphql::context::Context,
                fields: &[async_graphql::SelectionField<'_>],
                rows: Vec<$crate::records::Row<entity::$entity::Entity>>,
            ) -> Vec<Self> {
                $($(let $one = $crate::graphql::one::one::<Self, $related>(
                    stringify!($one),
                    entity::$entity::Column::$column,
                ).read(context, fields, &rows).await;)+)?
                let _ = (context, fields);
                let record = |row: $crate::records::Row<entity::$entity::Entity>| Self {
                    $($($one: $one.of(&row),)+)?
                    row,
                };
                rows.into_iter().map(record).collect()
            }
        }

        $crate::graphql::object::fields! {
            $(#[doc = $doc])*
            $object {
                /// The record's global id: opaque, and good for `node`.
                fn id(&self) -> async_graphql::Result<async_graphql::ID> {
                    use $crate::graphql::id::{Kind, global_id};
                    use $crate::records::Loaded as _;
                    Ok(global_id(Kind::$object, *self.row.uuid.loaded()?))
                }

                /// The record's own key.
                fn uuid(&self) -> async_graphql::Result<uuid::Uuid> {
                    use $crate::records::Loaded as _;
                    Ok(*self.row.uuid.loaded()?)
                }

                $($(#[doc = $text_doc])*
                fn $text(&self) -> async_graphql::Result<&str> {
                    use $crate::records::Loaded as _;
                    Ok(self.row.$text.loaded()?)
                })+

                /// Name.
                fn name(&self) -> async_graphql::Result<&str> {
                    use $crate::records::Loaded as _;
                    Ok(self.row.name.loaded()?)
                }

                /// Whether the entry is to be chosen for new records. Records that have chosen it keep it.
                fn is_active(&self) -> async_graphql::Result<bool> {
                    use $crate::records::Loaded as _;
                    Ok(*self.row.is_active.loaded()?)
                }

                $($($(#[doc = $one_doc])*
                fn $one(&self) -> async_graphql::Result<Option<&$crate::graphql::shown::Shown<$related>>> {
                    Ok(self.$one.get()?)
                })+)?

                /// How often the record has changed, counting from 1.
                fn version(&self) -> async_graphql::Result<i32> {
                    use $crate::records::Loaded as _;
                    Ok(*self.row.version.loaded()?)
                }

                /// When the record was created.
                fn created_at(&self) -> async_graphql::Result<chrono::DateTime<chrono::Utc>> {
                    use $crate::records::Loaded as _;
                    Ok(*self.row.created_at.loaded()?)
                }

                /// When the record last changed.
                fn updated_at(&self) -> async_graphql::Result<chrono::DateTime<chrono::Utc>> {
                    use $crate::records::Loaded as _;
                    Ok(*self.row.updated_at.loaded()?)
                }
            }
        }

        $crate::graphql::queries::queries! {
            $queries of $object {
                $(#[$one_query_doc])*
                $one_query;
                $(#[$list_query_doc])*
                $list_query: $filter, $order;
            }
        }

        $crate::graphql::payload::payload! {
            /// What became of an entry to create.
            $create_payload {
                /// The entry as created; null when it was not.
                $one_query: $object
            },
        }

        $crate::graphql::payload::change_payload! {
            /// What became of a change to an entry.
            $update_payload {
                /// The entry as changed; null when it was not.
                $one_query: $object
            },
        }

        #[derive(Default)]
        pub(in crate::graphql) struct $mutations;

        #[async_graphql::Object]
        impl $mutations {
            $(#[$create_doc])*
            async fn $create(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "What to do it with.")] input: $create_input,
            ) -> async_graphql::Result<Option<$create_payload>> {
                let context = $crate::graphql::context::of(ctx);
                let (scope, cluster, clock) = (&context.scope, &context.cluster, &*context.clock);
                let created = $crate::records::catalogue::$catalogue::create(scope, cluster, clock, input).await;
                $create_payload::of(ctx, created).await
            }

            $(#[$update_doc])*
            async fn $update(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "What to do it with.")] input: $update_input,
            ) -> async_graphql::Result<Option<$update_payload>> {
                let context = $crate::graphql::context::of(ctx);
                let changed = $crate::records::catalogue::$catalogue::update(&context.scope, &context.cluster, input);
                $update_payload::of(ctx, changed.await).await
            }
        }
    };
}

pub(super) use catalogue;
