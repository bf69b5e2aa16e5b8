/// Declares what clients see of what belongs to patients: the object with its own fields and the records that it refers to
/// (`ones`), a field that is worked out from a column (`derived`), the two queries and the three mutations.
macro_rules! dependent {
    (
        $(#[doc = $doc:literal])*
        $object:ident: $dependents:ident on $entity:ident {
            fields { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty;)+ }
            $(derived { $(#[doc = $derived_doc:literal])* $derived:ident: $derived_type:ty = $derive:path => $source:ident, $source_column:ident; })?
            $(ones { $($(#[doc = $one_doc:literal])* $one:ident: $related:ident => $column:ident;)+ })?
        }
        $queries:ident {
            $(#[$one_query_doc:meta])*
            $one_query:ident;
            $(#[$list_query_doc:meta])*
            $list_query:ident: $filter:ident, $order:ident;
        }
        $mutations:ident {
            $(#[$add_doc:meta])*
            $add:ident: $add_input:ident => $add_payload:ident;
            $(#[$update_doc:meta])*
            $update:ident: $update_input:ident => $update_payload:ident;
            $(#[$remove_doc:meta])*
            $remove:ident: $remove_input:ident => $remove_payload:ident;
        }
    ) => {
        $(#[doc = $doc])*
        #[allow(clippy::struct_field_names, reason = "relations are called as in the schema, whatever the record's name is")]
        #[derive(Clone)]
        pub(in crate::graphql) struct $object {
            row: $crate::records::Row<entity::$entity::Entity>,
            patient_register: $crate::graphql::related::Related<$crate::graphql::patient_register::PatientRegister>,
            $($($one: $crate::graphql::related::Related<$related>,)+)?
        }

        impl $crate::graphql::record::Record for $object {
            type Collection = $crate::records::dependent::$dependents;

            const NAME: &'static str = stringify!($object);

            const ONES: &'static [&'static dyn $crate::graphql::one::One<Self>] = &[
                &$crate::graphql::dependent::patient::<Self>(entity::$entity::Column::PatientId),
                $($(&$crate::graphql::one::one::<Self, $related>(
                    stringify!($one),
                    entity::$entity::Column::$column,
                ),)+)?
            ];

            $(fn relation(field: &str) -> Option<entity::$entity::Column> {
                let is_derived = $crate::criteria::is_client_name(field, stringify!($derived));
                is_derived.then_some(entity::$entity::Column::$source_column)
            })?

            async fn of(
                context: &$crate::graphql::context::Context,
                fields: &[async_graphql::SelectionField<'_>],
                rows: Vec<$crate::records::Row<entity::$entity::Entity>>,
            ) -> Vec<Self> {
                let patients = $crate::graphql::dependent::patient::<Self>(entity::$entity::Column::PatientId);
                let patients = patients.read(context, fields, &rows).await;
                $($(let $one = $crate::graphql::one::one::<Self, $related>(
                    stringify!($one),
                    entity::$entity::Column::$column,
                ).read(context, fields, &rows).await;)+)?
                let record = |row: $crate::records::Row<entity::$entity::Entity>| Self {
                    patient_register: patients.of(&row),
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

                /// The patient whose it is.
                fn patient_register(&self) -> async_graphql::Result<
                    Option<&$crate::graphql::shown::Shown<$crate::graphql::patient_register::PatientRegister>>,
                > {
                    Ok(self.patient_register.get()?)
                }

                $($(#[doc = $field_doc])*
                fn $field(&self) -> async_graphql::Result<$type> {
                    use $crate::records::Loaded as _;
                    Ok($crate::graphql::dependent::show::Show::show(self.row.$field.loaded()?))
                })+

                $($(#[doc = $derived_doc])*
                fn $derived(&self) -> async_graphql::Result<$derived_type> {
                    use $crate::records::Loaded as _;
                    Ok(self.row.$source.loaded()?.as_deref().and_then($derive))
                })?

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
            /// What became of a record to add.
            $add_payload {
                /// The record as added; null when it was not.
                $one_query: $object
            },
        }

        $crate::graphql::payload::change_payload! {
            /// What became of a change to a record.
            $update_payload {
                /// The record as changed; null when it was not.
                $one_query: $object
            },
            /// What became of a record to remove.
            $remove_payload {
                /// The record as removed; null when it was not.
                $one_query: $object
            },
        }

        #[derive(Default)]
        pub(in crate::graphql) struct $mutations;

        #[async_graphql::Object]
        impl $mutations {
            $(#[$add_doc])*
            async fn $add(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "What to do it with.")] input: $add_input,
            ) -> async_graphql::Result<Option<$add_payload>> {
                let context = $crate::graphql::context::of(ctx);
                let (scope, cluster, clock) = (&context.scope, &context.cluster, &*context.clock);
                let added = $crate::records::dependent::$dependents::add(scope, cluster, clock, input).await;
                $add_payload::of(ctx, added).await
            }

            $(#[$update_doc])*
            async fn $update(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "What to do it with.")] input: $update_input,
            ) -> async_graphql::Result<Option<$update_payload>> {
                let context = $crate::graphql::context::of(ctx);
                let (scope, cluster, clock) = (&context.scope, &context.cluster, &*context.clock);
                let changed = $crate::records::dependent::$dependents::update(scope, cluster, clock, input).await;
                $update_payload::of(ctx, changed).await
            }

            $(#[$remove_doc])*
            async fn $remove(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "What to do it with.")] input: $remove_input,
            ) -> async_graphql::Result<Option<$remove_payload>> {
                let context = $crate::graphql::context::of(ctx);
                let (scope, cluster, clock) = (&context.scope, &context.cluster, &*context.clock);
                let removed = $crate::records::dependent::$dependents::remove(scope, cluster, clock, input).await;
                $remove_payload::of(ctx, removed).await
            }
        }
    };
}

pub(super) use dependent;
