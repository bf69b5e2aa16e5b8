/// Declares what belongs to a patient: the filter and the order, the inputs of its three mutations and of a registration,
/// and the rules.
///
/// `coded` is what a catalogue of codes may name; `required` what a record must have, `optional` what it may lack, `given`
/// what it has anyway, and `choices` entries of catalogues. Each names what clients send, the rule that it obeys
/// ([`Rule`](super::rule::Rule)), its column, and the filter's operators.
macro_rules! dependent {
    (
        $(#[$doc:meta])*
        $dependents:ident: $filter:ident, $order:ident, $order_field:ident on $entity:ident,
            $name:literal of $item:ident, $add:ident, $update:ident, $remove:ident for $permission:ident {
            $(coded {
                $(#[$reference_doc:meta])*
                $reference:ident: $catalogue:ident => $reference_column:ident;
                $(#[$entry_doc:meta])*
                $entry:ident: $entry_filter:ident of $entry_entity:ident;
            })?
            $(required { $($(#[$must_doc:meta])* $must:ident: $must_input:ty, $must_rule:expr => $must_column:ident, $must_filter:ty;)+ })?
            $(optional { $($(#[$may_doc:meta])* $may:ident: $may_input:ty, $may_rule:expr => $may_column:ident, $may_filter:ty;)+ })?
            $(given { $($(#[$given_doc:meta])* $given:ident: $given_input:ty = $default:expr => $given_column:ident, $given_filter:ty;)+ })?
            $(choices {
                $(
                    $(#[$choice_doc:meta])*
                    $choice:ident: $choices:ident => $choice_column:ident;
                    $(#[$chosen_doc:meta])*
                    $chosen:ident: $chosen_filter:ident of $chosen_entity:ident;
                )+
            })?
            $(verified $verified:ident;)?
            order $by:ident $direction:ident;
        }
    ) => {
        $crate::criteria! {
            $(#[$doc])*
            $dependents: $filter, $order, $order_field on $entity {
                /// The record's own key.
                uuid: $crate::criteria::UuidFilter => Uuid;
                /// Key of the patient whose it is.
                patient_id: $crate::criteria::UuidFilter => PatientId;
                $(
                    /// The code system, as a URI.
                    system: $crate::criteria::TextFilter => System;
                    /// Code.
                    code: $crate::criteria::TextFilter => Code;
                    /// In words.
                    display: $crate::criteria::TextFilter => Display;
                    $(#[$reference_doc])* $reference: $crate::criteria::UuidFilter => $reference_column;
                )?
                $($($(#[$must_doc])* $must: $must_filter => $must_column;)+)?
                $($($(#[$may_doc])* $may: $may_filter => $may_column;)+)?
                $($($(#[$given_doc])* $given: $given_filter => $given_column;)+)?
                $($($(#[$choice_doc])* $choice: $crate::criteria::UuidFilter => $choice_column;)+)?
                /// How often the record has changed, counting from 1.
                version: $crate::criteria::IntFilter => Version;
                /// When the record was created.
                created_at: $crate::criteria::DateTimeFilter => CreatedAt;
                /// When the record last changed.
                updated_at: $crate::criteria::DateTimeFilter => UpdatedAt;
            }
            relations {
                /// The patient whose it is.
                patient_register: $crate::records::patient_register::PatientRegisterFilter => PatientId of patient_register;
                $($(#[$entry_doc])* $entry: $entry_filter => $reference_column of $entry_entity;)?
                $($($(#[$chosen_doc])* $chosen: $chosen_filter => $choice_column of $chosen_entity;)+)?
            }
        }

        /// What belongs to a patient.
        #[derive(Clone, Debug, Default, async_graphql::InputObject, serde::Serialize)]
        pub struct $item {
            /// UUID of the new record, of any version but 5; made by the server when left out.
            pub uuid: Option<uuid::Uuid>,
            $(
                /// The code system, as a URI: 1 to 200 characters. A code needs it.
                pub system: Option<String>,
                /// Code: 1 to 200 characters of printable ASCII, with single spaces between them, which the catalogue has.
                pub code: Option<String>,
                /// In words: 1 to 500 characters; as the catalogue has it when left out.
                pub display: Option<String>,
                $(#[$reference_doc])* pub $reference: Option<uuid::Uuid>,
            )?
            $($($(#[$must_doc])* pub $must: $must_input,)+)?
            $($($(#[$may_doc])* pub $may: Option<$may_input>,)+)?
            $($($(#[$given_doc])* pub $given: Option<$given_input>,)+)?
            $($($(#[$choice_doc])* pub $choice: Option<uuid::Uuid>,)+)?
        }

        /// What is to be added to a patient.
        #[derive(Clone, Debug, Default, async_graphql::InputObject, serde::Serialize)]
        pub struct $add {
            /// Key of the patient whose it is.
            pub patient_id: uuid::Uuid,
            /// What it is.
            #[graphql(flatten)]
            #[serde(flatten)]
            pub item: $item,
            /// A text of the client's making, at most 200 characters. Sending the same key with the same input again,
            /// within 24 hours, returns the first result instead of adding twice.
            #[serde(skip)]
            pub idempotency_key: Option<String>,
        }

        /// What is to be changed. What is left out stays as it is; null means unknown.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $update {
            /// The record's own key.
            pub uuid: uuid::Uuid,
            /// The version that the changes are meant for. If the record has changed since, nothing is written.
            pub expected_version: Option<i32>,
            $(
                /// The code system, as a URI: 1 to 200 characters. It changes together with the code.
                pub system: async_graphql::MaybeUndefined<String>,
                /// Code: 1 to 200 characters of printable ASCII, with single spaces between them, which the catalogue has.
                pub code: async_graphql::MaybeUndefined<String>,
                /// In words: 1 to 500 characters.
                pub display: async_graphql::MaybeUndefined<String>,
                $(#[$reference_doc])* pub $reference: async_graphql::MaybeUndefined<uuid::Uuid>,
            )?
            $($($(#[$must_doc])* pub $must: async_graphql::MaybeUndefined<$must_input>,)+)?
            $($($(#[$may_doc])* pub $may: async_graphql::MaybeUndefined<$may_input>,)+)?
            $($($(#[$given_doc])* pub $given: Option<$given_input>,)+)?
            $($($(#[$choice_doc])* pub $choice: async_graphql::MaybeUndefined<uuid::Uuid>,)+)?
        }

        /// What is to be removed. It stays as a tombstone that no read shows.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $remove {
            /// The record's own key.
            pub uuid: uuid::Uuid,
            /// The version that is meant. If the record has changed since, nothing is removed.
            pub expected_version: Option<i32>,
        }

        impl $crate::criteria::Bounded for $dependents {
            fn institution() -> Option<entity::$entity::Column> {
                Some(entity::$entity::Column::InstitutionId)
            }

            fn patient() -> Option<entity::$entity::Column> {
                Some(entity::$entity::Column::PatientId)
            }

            fn identifying() -> &'static [entity::$entity::Column] {
                <$dependents as $crate::records::dependent::belonging::Dependent>::identifying()
            }
        }

        impl $crate::records::Collection for $dependents {
            const NAME: &'static str = $name;
            const READ: $crate::scope::Permission = $crate::scope::Permission::$permission;

            /// What is known of somebody is for who may know who it is.
            const NEEDS: &'static [$crate::scope::Permission] = &[$crate::scope::Permission::ReadPatients, Self::READ];

            fn key() -> entity::$entity::Column {
                entity::$entity::Column::Uuid
            }

            fn default_order() -> $crate::criteria::Term<entity::$entity::Column> {
                $crate::criteria::Term {
                    column: entity::$entity::Column::$by,
                    direction: $crate::criteria::Direction::$direction,
                }
            }

            fn tombstone() -> Option<entity::$entity::Column> {
                Some(entity::$entity::Column::DeletedAt)
            }

            fn upheld() -> Option<sea_orm::sea_query::Expr> {
                use sea_orm::ColumnTrait as _;
                Some(entity::$entity::Column::PatientId.in_subquery($crate::records::dependent::belonging::standing()))
            }
        }

        $(impl $crate::records::dependent::coding::Coded for $dependents {
            type Catalogue = $crate::records::catalogue::$catalogue;

            fn coded() -> [entity::$entity::Column; 4] {
                use entity::$entity::Column;
                [Column::System, Column::Code, Column::Display, Column::$reference_column]
            }
        })?

        impl $dependents {
            /// Adds a record to a patient.
            ///
            /// # Errors
            /// `Rejected` with every broken rule; `Forbidden`; as any write.
            pub async fn add(
                scope: &$crate::scope::Scope,
                cluster: &$crate::database::Cluster,
                clock: &dyn $crate::clock::Clock,
                input: $add,
            ) -> $crate::error::Result<$crate::records::Row<entity::$entity::Entity>> {
                use $crate::records::{aggregate::create, check::Check, idempotency::Key};
                use $crate::records::dependent::belonging::{Declared as _, require};

                require::<Self>(scope)?;
                let key = Key::new(concat!("add", $name), input.idempotency_key.as_deref(), &input)?;
                let new = Self::draft(input.item, input.patient_id, Check::new(["input"]), clock.latest_day());
                let mut rows = create(scope, cluster, clock.now(), vec![new], key).await?;
                rows.pop().ok_or_else(|| $crate::error::Error::internal("a record was added and not returned"))
            }

            /// Changes a record.
            ///
            /// # Errors
            /// `Rejected` with every broken rule; `Forbidden`; as any write.
            pub async fn update(
                scope: &$crate::scope::Scope,
                cluster: &$crate::database::Cluster,
                clock: &dyn $crate::clock::Clock,
                input: $update,
            ) -> $crate::error::Result<$crate::records::Row<entity::$entity::Entity>> {
                use $crate::criteria::client_name;
                use $crate::records::{Deleted, aggregate::{Target, change}, check::Check};
                use $crate::records::dependent::{belonging::require, rule::Judge};

                require::<Self>(scope)?;
                let mut judge = Judge { check: Check::new(["input"]), today: clock.latest_day() };
                let changes = entity::$entity::ActiveModel {
                    $(
                        system: judge.optional("system", &$crate::records::check::Kind::Plain(200), input.system),
                        code: judge.optional("code", &$crate::records::check::Kind::SpacedCode(200), input.code),
                        display: judge.required("display", &$crate::records::check::Kind::Plain(500), input.display),
                        $reference: $crate::records::check::optional_reference(&input.$reference),
                    )?
                    $($($must: judge.required(&client_name(stringify!($must)), &$must_rule, input.$must),)+)?
                    $($($may: judge.optional(&client_name(stringify!($may)), &$may_rule, input.$may),)+)?
                    $($($given: input.$given.map_or(sea_orm::ActiveValue::NotSet, |told| sea_orm::ActiveValue::Set(told.into())),)+)?
                    $($($choice: $crate::records::check::optional_reference(&input.$choice),)+)?
                    ..Default::default()
                };
                let (uuid, expected_version) = (input.uuid, input.expected_version);
                let target = Target { uuid, expected_version, deleted: Deleted::Excluded };
                change::<Self>(scope, cluster, judge.check, target, changes).await
            }

            /// Removes a record: it becomes a tombstone, which no read shows.
            ///
            /// # Errors
            /// `Rejected` with every broken rule; `Forbidden`; as any write.
            pub async fn remove(
                scope: &$crate::scope::Scope,
                cluster: &$crate::database::Cluster,
                clock: &dyn $crate::clock::Clock,
                input: $remove,
            ) -> $crate::error::Result<$crate::records::Row<entity::$entity::Entity>> {
                use chrono::SubsecRound as _;
                use $crate::records::{Deleted, aggregate::{Target, change}, check::Check};

                $crate::records::dependent::belonging::require::<Self>(scope)?;
                // PostgreSQL keeps microseconds, so SQLite keeps no more.
                let now = clock.now().trunc_subsecs(6);
                let changes = entity::$entity::ActiveModel {
                    deleted_at: sea_orm::ActiveValue::Set(Some(now)),
                    ..Default::default()
                };
                let (uuid, expected_version) = (input.uuid, input.expected_version);
                let target = Target { uuid, expected_version, deleted: Deleted::Excluded };
                change::<Self>(scope, cluster, Check::new(["input"]), target, changes).await
            }
        }

        impl $crate::records::dependent::belonging::Declared for $dependents {
            type Item = $item;

            fn draft(
                item: $item,
                patient: uuid::Uuid,
                check: $crate::records::check::Check,
                today: chrono::NaiveDate,
            ) -> $crate::records::aggregate::New<Self> {
                use sea_orm::ActiveValue::Set;

                use $crate::criteria::client_name;
                use $crate::records::dependent::{belonging::Dependent as _, rule::Judge};

                let mut judge = Judge { check, today };
                let uuid = item.uuid.unwrap_or_else(uuid::Uuid::new_v4);
                let row = entity::$entity::ActiveModel {
                    uuid: Set(uuid),
                    patient_id: Set(patient.into()),
                    $(
                        system: judge.optional("system", &$crate::records::check::Kind::Plain(200), Some(item.system).into()),
                        code: judge.optional("code", &$crate::records::check::Kind::SpacedCode(200), Some(item.code).into()),
                        display: match item.display.filter(|text| !text.trim().is_empty()) {
                            Some(text) => judge.required(
                                "display", &$crate::records::check::Kind::Plain(500), async_graphql::MaybeUndefined::Value(text),
                            ),
                            None => sea_orm::ActiveValue::NotSet,
                        },
                        $reference: Set(item.$reference),
                    )?
                    $($($must: judge.required(
                        &client_name(stringify!($must)), &$must_rule, async_graphql::MaybeUndefined::Value(item.$must),
                    ),)+)?
                    $($($may: judge.optional(&client_name(stringify!($may)), &$may_rule, Some(item.$may).into()),)+)?
                    $($($given: Set(item.$given.unwrap_or($default).into()),)+)?
                    $($($choice: Set(item.$choice),)+)?
                    ..Default::default()
                };
                let mut check = judge.check;
                Self::consistent(&row, &mut check);
                $crate::records::aggregate::New { check, uuid, row }
            }

            async fn judge(
                present: Option<&entity::$entity::Model>,
                row: &mut entity::$entity::ActiveModel,
                check: &mut $crate::records::check::Check,
                scope: &$crate::scope::Scope,
                tx: &$crate::database::Transaction,
            ) -> $crate::error::Result<entity::$entity::ActiveModel> {
                use $crate::records::dependent::belonging::{Dependent as _, whole};

                $(
                    let _ = entity::$entry_entity::Entity;
                    $crate::records::dependent::coding::resolve::<Self>(present.is_none(), row, check, tx).await?;
                )?
                $($(if let sea_orm::ActiveValue::Set(Some(key)) = row.$choice {
                    let field = $crate::criteria::client_name(stringify!($choice));
                    $crate::records::catalogue::check_choice::<$crate::records::catalogue::$choices>(
                        &field, key, check, scope, tx,
                    ).await?;
                })+)?
                $crate::records::phone::complete::<Self>(tx, present, vec![&mut *row]).await?;
                let whole = whole::<Self>(present, row);
                Self::fits(&whole, check, scope, tx).await?;
                Ok(whole)
            }
        }

        impl $crate::records::aggregate::Aggregate for $dependents {
            const WRITE: $crate::scope::Permission = $crate::scope::Permission::WritePatients;

            const IS_ADDED: bool = true;

            fn uuid(model: &entity::$entity::Model) -> uuid::Uuid {
                model.uuid
            }

            fn version(model: &entity::$entity::Model) -> i32 {
                model.version
            }

            fn complete(
                present: &entity::$entity::Model,
                changes: &mut entity::$entity::ActiveModel,
                check: &mut $crate::records::check::Check,
            ) {
                use $crate::records::dependent::belonging::{Dependent as _, whole};

                // What has changed was not found to be the patient's.
                $(if changes.verified_at.is_not_set()
                    && changes.$verified.try_as_ref().is_some_and(|told| *told != present.$verified)
                {
                    changes.verified_at = sea_orm::ActiveValue::Set(None);
                })?
                Self::consistent(&whole::<Self>(Some(present), changes), check);
            }

            async fn prepare(
                present: Option<&entity::$entity::Model>,
                row: &mut entity::$entity::ActiveModel,
                own: uuid::Uuid,
                check: &mut $crate::records::check::Check,
                scope: &$crate::scope::Scope,
                tx: &$crate::database::Transaction,
            ) -> $crate::error::Result<()> {
                use $crate::records::dependent::belonging::{Declared as _, check_unique, settle};

                settle::<Self>(row, check, scope, tx).await?;
                let whole = Self::judge(present, row, check, scope, tx).await?;
                check_unique::<Self>(&whole, own, check, scope, tx).await
            }

            /// All of that is done before.
            async fn check_others(
                _: &entity::$entity::ActiveModel,
                _: uuid::Uuid,
                _: &mut $crate::records::check::Check,
                _: &$crate::scope::Scope,
                _: &$crate::database::Transaction,
            ) -> $crate::error::Result<()> {
                Ok(())
            }
        }
    };
}

pub(super) use dependent;
