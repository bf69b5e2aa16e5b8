use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use sea_orm::Condition;
use sea_orm::sea_query::ExprTrait;
use uuid::Uuid;

use crate::date::Date;
use crate::error::{Error, Result};

use super::operand::{Bind, Members, among, bound, given, is_null};
use super::{Operand, Operators, Translation};

/// Conditions on a value that has an order. All that are given must hold; an unknown value meets none but `isNull`.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "UUIDFilter", params(Uuid)))]
#[graphql(concrete(name = "DateFilter", params(Date)))]
#[graphql(concrete(name = "DateTimeFilter", params("DateTime<Utc>")))]
#[graphql(concrete(name = "IntFilter", params(i32)))]
#[graphql(concrete(name = "FloatFilter", params(f64)))]
pub struct Comparison<T: Bind> {
    /// Equal to this.
    equal: MaybeUndefined<T>,
    /// Not equal to this.
    not_equal: MaybeUndefined<T>,
    /// Before this.
    less_than: MaybeUndefined<T>,
    /// Before this, or equal to it.
    less_than_or_equal: MaybeUndefined<T>,
    /// After this.
    greater_than: MaybeUndefined<T>,
    /// After this, or equal to it.
    greater_than_or_equal: MaybeUndefined<T>,
    /// Equal to one of these, 1000 at most. None is equal to one of an empty list.
    #[graphql(name = "in")]
    among: MaybeUndefined<Vec<T>>,
    /// Equal to none of these, 1000 at most.
    not_in: MaybeUndefined<Vec<T>>,
    /// True: the value is unknown. False: it is known.
    is_null: MaybeUndefined<bool>,
}

/// Conditions on a key.
pub type UuidFilter = Comparison<Uuid>;
/// Conditions on a date.
pub type DateFilter = Comparison<Date>;
/// Conditions on an instant.
pub type DateTimeFilter = Comparison<DateTime<Utc>>;
/// Conditions on a whole number.
pub type IntFilter = Comparison<i32>;
/// Conditions on a number.
pub type FloatFilter = Comparison<f64>;

impl<T: Bind> Comparison<T> {
    /// The values of which one must be equal, where nothing else is asked.
    #[must_use]
    pub fn only_among(&self) -> Option<Vec<T>> {
        let others = [&self.not_equal, &self.less_than, &self.less_than_or_equal];
        let others = others.into_iter().chain([&self.greater_than, &self.greater_than_or_equal]);
        if !self.not_in.is_undefined()
            || !self.is_null.is_undefined()
            || others.into_iter().any(|other| !other.is_undefined())
        {
            return None;
        }
        match (&self.equal, &self.among) {
            (MaybeUndefined::Value(value), MaybeUndefined::Undefined) => Some(vec![value.clone()]),
            (MaybeUndefined::Undefined, MaybeUndefined::Value(values)) => Some(values.clone()),
            _ => None,
        }
    }

    /// The least and the greatest value that can meet these conditions, where they set a bound.
    #[must_use]
    pub fn bounds(&self) -> (Option<T>, Option<T>)
    where
        T: Ord,
    {
        let least = [&self.equal, &self.greater_than, &self.greater_than_or_equal];
        let greatest = [&self.equal, &self.less_than, &self.less_than_or_equal];
        let least = least.into_iter().filter_map(|value| value.value()).max();
        let greatest = greatest.into_iter().filter_map(|value| value.value()).min();
        (least.cloned(), greatest.cloned())
    }

    /// The comparison that a closed set of values allows.
    #[must_use]
    pub fn choice(
        equal: &MaybeUndefined<T>,
        not_equal: &MaybeUndefined<T>,
        among: &MaybeUndefined<Vec<T>>,
        not_in: &MaybeUndefined<Vec<T>>,
    ) -> Self {
        Self {
            equal: equal.clone(),
            not_equal: not_equal.clone(),
            less_than: MaybeUndefined::Undefined,
            less_than_or_equal: MaybeUndefined::Undefined,
            greater_than: MaybeUndefined::Undefined,
            greater_than_or_equal: MaybeUndefined::Undefined,
            among: among.clone(),
            not_in: not_in.clone(),
            is_null: MaybeUndefined::Undefined,
        }
    }

    /// Every value that is compared with.
    fn values(&self) -> impl Iterator<Item = &T> {
        let Self { equal, not_equal, less_than, less_than_or_equal, greater_than, greater_than_or_equal, .. } = self;
        let single = [equal, not_equal, less_than, less_than_or_equal, greater_than, greater_than_or_equal];
        let several = [&self.among, &self.not_in].into_iter().filter_map(|values| values.value());
        single.into_iter().filter_map(|value| value.value()).chain(several.flatten())
    }
}

impl<T: Bind + Send + Sync> Operators for Comparison<T> {
    fn condition(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        on.name_patients(self.values(), t);
        if let Some(members) = on.members {
            return self.among_members(on, members, t);
        }
        let mut all = Condition::all();
        let column = || on.column.clone();
        if let Some(value) = given(on, "equal", &self.equal, t)? {
            all = all.add(column().eq(value.bind()?));
        }
        if let Some(value) = given(on, "notEqual", &self.not_equal, t)? {
            all = all.add(column().ne(value.bind()?));
        }
        if let Some(value) = given(on, "lessThan", &self.less_than, t)? {
            all = all.add(column().lt(value.bind()?));
        }
        if let Some(value) = given(on, "lessThanOrEqual", &self.less_than_or_equal, t)? {
            all = all.add(column().lte(value.bind()?));
        }
        if let Some(value) = given(on, "greaterThan", &self.greater_than, t)? {
            all = all.add(column().gt(value.bind()?));
        }
        if let Some(value) = given(on, "greaterThanOrEqual", &self.greater_than_or_equal, t)? {
            all = all.add(column().gte(value.bind()?));
        }
        if let Some(values) = given(on, "in", &self.among, t)? {
            all = all.add(among(on, values, false, t)?);
        }
        if let Some(values) = given(on, "notIn", &self.not_in, t)? {
            all = all.add(among(on, values, true, t)?);
        }
        if let Some(null) = given(on, "isNull", &self.is_null, t)? {
            all = all.add(is_null(on, *null));
        }
        Ok(all)
    }
}

impl<T: Bind + Send + Sync> Comparison<T> {
    /// The conditions that hold of several values: at least one is equal, or none is. Several values have no order.
    fn among_members(&self, on: &Operand, members: Members, t: &mut Translation) -> Result<Condition> {
        let (mut all, backend) = (Condition::all(), t.backend());
        let any_of = |values| (members.any_of)(values, backend);
        let none_of = |values| any_of(values).not().and((members.none)().not());
        for (operator, value) in [
            ("lessThan", &self.less_than),
            ("lessThanOrEqual", &self.less_than_or_equal),
            ("greaterThan", &self.greater_than),
            ("greaterThanOrEqual", &self.greater_than_or_equal),
        ] {
            if given(on, operator, value, t)?.is_some() {
                let message = format!(
                    "{}: {operator} is not possible, since a record can have several values: ask with equal, notEqual, in, \
                     notIn or isNull",
                    on.name()
                );
                return Err(Error::BadRequest(message).at(&[operator]));
            }
        }
        if let Some(value) = given(on, "equal", &self.equal, t)? {
            all = all.add(any_of(vec![value.bind()?]));
        }
        if let Some(value) = given(on, "notEqual", &self.not_equal, t)? {
            all = all.add(none_of(vec![value.bind()?]));
        }
        if let Some(values) = given(on, "in", &self.among, t)? {
            all = all.add(any_of(bound(on, values, t)?));
        }
        if let Some(values) = given(on, "notIn", &self.not_in, t)? {
            all = all.add(none_of(bound(on, values, t)?));
        }
        if let Some(null) = given(on, "isNull", &self.is_null, t)? {
            let none = (members.none)();
            all = all.add(if *null { none } else { none.not() });
        }
        Ok(all)
    }
}

/// Conditions on what is either so or not.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// So, or not so.
    equal: MaybeUndefined<bool>,
}

impl Operators for BooleanFilter {
    fn condition(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let equal = given(on, "equal", &self.equal, t)?;
        Ok(Condition::all().add_option(equal.map(|value| on.column.clone().eq(*value))))
    }
}
