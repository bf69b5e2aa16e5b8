use async_graphql::{ComplexObject, Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::patient_merge::{Column, Entity};
use uuid::Uuid;

use crate::records::patient_merge::{
    self, MergePatientRegistersInput, PatientMergeFilter, PatientMergeOrder, PatientMerges, UndoPatientMergeInput,
};
use crate::records::{Loaded, Row};

use super::context::of;
use super::id::{Kind, global_id};
use super::object::fields;
use super::patient_register::PatientRegister;
use super::payload::{UserError, payload};
use super::queries::queries;
use super::record::{Record, current};
use super::shown::Shown;

/// That a register took the place of another one of the same patient.
#[derive(Clone)]
pub(super) struct PatientMerge(Row<Entity>);

impl Record for PatientMerge {
    type Collection = PatientMerges;

    const NAME: &'static str = "PatientMerge";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "keptUuid" => Some(Column::KeptId),
            "mergedUuid" => Some(Column::MergedId),
            "actorUuid" => Some(Column::ActorId),
            "undoneByUuid" => Some(Column::UndoneBy),
            "movedRows" => Some(Column::Moved),
            _ => None,
        }
    }

    async fn of(_: &super::context::Context, _: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        rows.into_iter().map(Self).collect()
    }
}

fields! {
    /// That a register took the place of another one of the same patient.
    PatientMerge {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::PatientMerge, *self.0.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.0.uuid.loaded()?)
        }

        /// Key of the register that was kept.
        fn kept_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.kept_id.loaded()?)
        }

        /// Key of the register that was merged into it.
        fn merged_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.merged_id.loaded()?)
        }

        /// How many records moved from the one to the other, such as identifiers.
        fn moved_rows(&self) -> Result<i32> {
            let moved = patient_merge::moved_rows(self.0.moved.loaded()?)?;
            Ok(i32::try_from(moved).map_err(crate::error::Error::internal)?)
        }

        /// Why; null where no reason was given.
        fn reason(&self) -> Result<Option<&str>> {
            Ok(self.0.reason.loaded()?.as_deref())
        }

        /// Key of the user who did it.
        fn actor_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.actor_id.loaded()?)
        }

        /// When the registers were merged.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.created_at.loaded()?)
        }

        /// When it was undone; null when it was not.
        fn undone_at(&self) -> Result<Option<DateTime<Utc>>> {
            Ok(*self.0.undone_at.loaded()?)
        }

        /// Key of the user who undid it; null when nobody did.
        fn undone_by_uuid(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.undone_by.loaded()?)
        }
    }
}

queries! {
    PatientMergeQuery of PatientMerge {
        /// The merger with this key; null when there is none.
        patient_merge;
        /// Mergers of registers, the newest first unless another order is asked for.
        patient_merges: PatientMergeFilter, PatientMergeOrder;
    }
}

payload! {
    /// What became of two registers to merge.
    #[graphql(complex)]
    MergePatientRegistersPayload {
        /// The merger; null when they were not merged.
        patient_merge: PatientMerge
    },
    /// What became of a merger to undo.
    UndoPatientMergePayload {
        /// The merger as undone; null when it was not.
        patient_merge: PatientMerge
    },
}

#[ComplexObject]
impl MergePatientRegistersPayload {
    /// The registers as they are now that `userErrors` has a `VERSION_CONFLICT` of, as far as the caller may see them.
    async fn current(&self, ctx: &Context<'_>) -> Result<Vec<Shown<PatientRegister>>> {
        let mut found = Vec::new();
        for uuid in UserError::conflicts(&self.user_errors) {
            found.extend(current(ctx, uuid).await?);
        }
        Ok(found)
    }
}

#[derive(Default)]
pub(super) struct PatientMergeMutation;

#[Object]
impl PatientMergeMutation {
    /// Merges a register into another one of the same patient and institution. What belongs to it moves to the one that is
    /// kept, but for what that has already. The merged one stays readable by its key and points to the other.
    async fn merge_patient_registers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: MergePatientRegistersInput,
    ) -> Result<Option<MergePatientRegistersPayload>> {
        let context = of(ctx);
        let merged = patient_merge::merge(&context.scope, &context.cluster, &*context.clock, input).await;
        MergePatientRegistersPayload::of(ctx, merged).await
    }

    /// Undoes a merger: what moved, and is still with the register that was kept, moves back.
    async fn undo_patient_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UndoPatientMergeInput,
    ) -> Result<Option<UndoPatientMergePayload>> {
        let context = of(ctx);
        let undone = patient_merge::undo(&context.scope, &context.cluster, &*context.clock, input).await;
        UndoPatientMergePayload::of(ctx, undone).await
    }
}
