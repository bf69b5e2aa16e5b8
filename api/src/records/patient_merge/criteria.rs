use entity::patient_merge::Column;
use sea_orm::{ColumnTrait, Condition};

use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, Term, TextFilter, UuidFilter};
use crate::records::Collection;
use crate::scope::{Boundary, Permission, Scope};

criteria! {
    /// Mergers of registers.
    PatientMerges: PatientMergeFilter, PatientMergeOrder, PatientMergeOrderField on patient_merge {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Key of the register that was kept.
        kept_id: UuidFilter => KeptId;
        /// Key of the register that was merged into it.
        merged_id: UuidFilter => MergedId;
        /// Why.
        reason: TextFilter => Reason;
        /// Key of the user who did it.
        actor_id: UuidFilter => ActorId;
        /// When the registers were merged.
        created_at: DateTimeFilter => CreatedAt;
        /// When it was undone.
        undone_at: DateTimeFilter => UndoneAt;
    }
}

impl Bounded for PatientMerges {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    fn patient() -> Option<Column> {
        Some(Column::KeptId)
    }

    fn other_patients() -> &'static [Column] {
        &[Column::MergedId]
    }

    /// Both patients' registers were changed by it.
    fn within(scope: &Scope) -> Condition {
        let mut condition = Condition::all();
        if let Boundary::One(institution) = scope.boundary {
            condition = condition.add(Column::InstitutionId.eq(institution.0));
        }
        if let Some(patient) = scope.patient {
            condition =
                condition.add(Condition::any().add(Column::KeptId.eq(patient)).add(Column::MergedId.eq(patient)));
        }
        condition
    }
}

impl Collection for PatientMerges {
    const NAME: &'static str = "PatientMerge";
    const READ: Permission = Permission::ReadPatients;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::CreatedAt, direction: Direction::Desc }
    }
}
