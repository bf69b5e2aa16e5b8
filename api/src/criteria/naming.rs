use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityName, EntityTrait, IdenStatic, Value};
use uuid::Uuid;

use crate::scope::Scope;

use super::{Bounded, Criteria};

/// Most patients that one question is taken to name by keys of other records.
const MAX_NAMED: u64 = 1000;

/// Way in which the values that a column is compared with name patients.
#[derive(Clone, Debug)]
pub enum Naming {
    /// They are patients' keys.
    Patient,
    /// They tell one record from all others, and it is a patient's.
    Record(Box<Identified>),
}

/// The records of one table that a column tells apart.
#[derive(Clone, Debug)]
pub struct Identified {
    column: Expr,
    name: (String, &'static str),
    patients: SelectStatement,
    within: fn(&Scope) -> Condition,
}

/// The patients that a question names, matched or not.
#[derive(Debug, Default)]
pub struct Named {
    /// By their keys.
    pub patients: Vec<Uuid>,
    /// By what belongs to them: the records' values of a column.
    pub records: Vec<(Identified, Vec<Value>)>,
}

impl Naming {
    /// Of a column of this kind of record; none where its values name nobody.
    pub fn of<C: Bounded>(column: &<C::Entity as EntityTrait>::Column, key: &impl IdenStatic) -> Option<Self> {
        let is = |other: &<C::Entity as EntityTrait>::Column| other.as_str() == column.as_str();
        let patient = C::patient()?;
        if is(&patient) || C::other_patients().iter().any(is) {
            return Some(Self::Patient);
        }
        let tells_apart = column.as_str() == key.as_str() || C::identifying().iter().any(is);
        tells_apart.then(|| Self::Record(Box::new(Identified::by::<C>(column, &patient))))
    }
}

impl Identified {
    /// The records that this column tells apart, and this one says whose they are.
    #[must_use]
    pub fn by<C: Bounded>(
        column: &<C::Entity as EntityTrait>::Column,
        patient: &<C::Entity as EntityTrait>::Column,
    ) -> Self {
        let mut patients = Query::select();
        patients.expr(Expr::col(patient.as_column_ref())).from(<C as Criteria>::Entity::default().table_ref());
        match C::institution() {
            Some(institution) => patients.expr(Expr::col(institution.as_column_ref())),
            None => patients.expr(Expr::val(Option::<Uuid>::None)),
        };
        let name = (column.entity_name().to_string(), column.as_str());
        Self { column: Expr::col(column.as_column_ref()), name, patients, within: C::within }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Reads the patients, and their institutions, of the records that have these values, as far as the caller could reach
    /// them.
    #[must_use]
    pub fn select(&self, scope: &Scope, values: Vec<Value>) -> SelectStatement {
        let mut query = self.patients.clone();
        query.cond_where((self.within)(scope).add(self.column.clone().is_in(values))).limit(MAX_NAMED);
        query
    }
}
