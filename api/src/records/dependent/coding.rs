use async_graphql::MaybeUndefined;
use sea_orm::sea_query::{Expr, ExprTrait, Query, ValueType};
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityName, IdenStatic};
use uuid::Uuid;

use crate::criteria::client_name;
use crate::database::Transaction;
use crate::error::{FaultCode, Result};
use crate::records::Collection;
use crate::records::aggregate::ActiveModel;
use crate::records::catalogue::{Catalogue, MedicalConditions, Medications};
use crate::records::check::Check;
use crate::records::collection::Column;

use super::belonging::Dependent;

/// A catalogue of codes.
pub(in crate::records) trait Coding: Catalogue {
    /// The code system, the code and the name.
    fn coding() -> [Column<Self>; 3];
}

impl Coding for MedicalConditions {
    fn coding() -> [Column<Self>; 3] {
        use entity::medical_condition::Column;
        [Column::System, Column::Code, Column::Name]
    }
}

impl Coding for Medications {
    fn coding() -> [Column<Self>; 3] {
        use entity::medication::Column;
        [Column::System, Column::Code, Column::Name]
    }
}

/// What belongs to a patient and is named by a code, or in words alone.
pub(in crate::records) trait Coded: Dependent {
    type Catalogue: Coding;

    /// The code system, the code, the words, and the entry of the catalogue.
    fn coded() -> [Column<Self>; 4];
}

struct Entry {
    uuid: Uuid,
    system: String,
    code: String,
    name: String,
    is_active: bool,
}

/// Completes what is told of a code: its entry in the catalogue, or of an entry its code, and what it is called when no
/// other words were given.
pub(super) async fn resolve<D: Coded>(
    is_new: bool,
    row: &mut ActiveModel<D>,
    check: &mut Check,
    tx: &Transaction,
) -> Result<()> {
    let [system, code, display, reference] = D::coded();
    let field = client_name(reference.as_str());
    let told = (told::<D, Uuid>(row, reference), told::<D, String>(row, system), told::<D, String>(row, code));
    let entry = match &told {
        (MaybeUndefined::Value(key), ..) => {
            let found = find::<D::Catalogue>(tx, D::Catalogue::key().eq(*key)).await?;
            if found.is_none() {
                check.fault(&[&field], FaultCode::ReferenceMissing, "there is no such entry");
            }
            found
        }
        (_, MaybeUndefined::Value(system), MaybeUndefined::Value(code)) => {
            let [in_system, by_code, _] = D::Catalogue::coding();
            let found = find::<D::Catalogue>(tx, in_system.eq(system.as_str()).and(by_code.eq(code.as_str()))).await?;
            if found.is_none() {
                check.fault(&["code"], FaultCode::ReferenceMissing, "the catalogue has no such code of this system");
            }
            found
        }
        (_, MaybeUndefined::Value(_), _) => {
            check.fault(&["code"], FaultCode::Required, "a code system needs a code");
            None
        }
        (_, _, MaybeUndefined::Value(_)) => {
            check.fault(&["system"], FaultCode::Required, "a code needs its code system");
            None
        }
        // Where one of them is taken away, all are.
        (reference_told, system_told, code_told) => {
            if !(reference_told.is_undefined() && system_told.is_undefined() && code_told.is_undefined()) {
                for column in [system, code] {
                    row.set(column, None::<String>.into());
                }
                row.set(reference, None::<Uuid>.into());
            }
            None
        }
    };
    if let Some(entry) = entry {
        let differs = |told: &MaybeUndefined<String>, known: &str| told.value().is_some_and(|told| told != known);
        if differs(&told.1, &entry.system) || differs(&told.2, &entry.code) {
            check.fault(&["code"], FaultCode::InvalidState, format!("the entry that {field} names has another code"));
        }
        if !entry.is_active {
            check.fault(&[&field], FaultCode::InvalidState, "the entry is inactive: it is not to be chosen any more");
        }
        row.set(system, Some(entry.system).into());
        row.set(code, Some(entry.code).into());
        row.set(reference, Some(entry.uuid).into());
        if row.get(display).is_not_set() {
            row.set(display, entry.name.into());
        }
    }
    if is_new && row.get(display).is_not_set() && check.passed() {
        check.fault(&["display"], FaultCode::Required, "must not be empty where no code says what it is");
    }
    Ok(())
}

fn told<D: Coded, T: ValueType>(row: &ActiveModel<D>, column: Column<D>) -> MaybeUndefined<T>
where
    Option<T>: ValueType,
{
    match row.get(column) {
        ActiveValue::Set(value) => match <Option<T> as ValueType>::try_from(value) {
            Ok(Some(value)) => MaybeUndefined::Value(value),
            _ => MaybeUndefined::Null,
        },
        _ => MaybeUndefined::Undefined,
    }
}

async fn find<C: Coding>(tx: &Transaction, condition: Expr) -> Result<Option<Entry>> {
    let [system, code, name] = C::coding();
    let columns = [C::key(), system, code, name, C::is_active()];
    let query = Query::select()
        .columns(columns.iter().map(ColumnTrait::as_column_ref))
        .from(C::Entity::default().table_ref())
        .and_where(condition)
        .take();
    let Some(found) = tx.query_one(&query).await? else { return Ok(None) };
    Ok(Some(Entry {
        uuid: found.try_get_by_index(0)?,
        system: found.try_get_by_index(1)?,
        code: found.try_get_by_index(2)?,
        name: found.try_get_by_index(3)?,
        is_active: found.try_get_by_index(4)?,
    }))
}
