use async_graphql::{InputObject, MaybeUndefined};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait};
use sea_orm::{Condition, DbBackend, Value};

use crate::error::Result;
use crate::phone_number::PhoneNumber;

use super::operand::{Bind, bound, given, is_null};
use super::text::{contains, starts_with};
use super::{Operand, Operators, Translation};

/// Digits of a national number at least, from which it is recognised within one in international form.
const MIN_NATIONAL: usize = 6;

/// Conditions on a phone number. All that are given must hold; an unknown number meets none but `isNull`. Numbers are
/// compared however they are written: with `+` in international form; without, by their digits, which may also be those of
/// a national number, with or without the zeros before it.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PhoneNumberFilter {
    /// The same number as this.
    equal: MaybeUndefined<String>,
    /// Another number than this.
    not_equal: MaybeUndefined<String>,
    /// The same number as one of these, 1000 at most. None is the same as one of an empty list.
    #[graphql(name = "in")]
    among: MaybeUndefined<Vec<String>>,
    /// The same number as none of these, 1000 at most.
    not_in: MaybeUndefined<Vec<String>>,
    /// True: the number is unknown. False: it is known.
    is_null: MaybeUndefined<bool>,
    /// Begins with these digits.
    starts_with: MaybeUndefined<String>,
    /// Has these digits somewhere in it, one after the other.
    contains: MaybeUndefined<String>,
}

impl Operators for PhoneNumberFilter {
    fn condition(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(value) = given(on, "equal", &self.equal, t)? {
            all = all.add(same(on, std::slice::from_ref(value), t)?);
        }
        if let Some(value) = given(on, "notEqual", &self.not_equal, t)? {
            all = all.add(other(on, std::slice::from_ref(value), t)?);
        }
        if let Some(values) = given(on, "in", &self.among, t)? {
            all = all.add(same(on, values, t)?);
        }
        if let Some(values) = given(on, "notIn", &self.not_in, t)? {
            all = all.add(other(on, values, t)?);
        }
        if let Some(null) = given(on, "isNull", &self.is_null, t)? {
            all = all.add(is_null(on, *null));
        }
        if let Some(prefix) = given(on, "startsWith", &self.starts_with, t)? {
            all = all.add(begins(on, prefix)?);
        }
        if let Some(part) = given(on, "contains", &self.contains, t)? {
            let digits = PhoneNumber::lenient(part).map(|number| number.digits().to_owned());
            let digits = digits.filter(|digits| !digits.is_empty());
            let (value, column) = digits.map_or((part.bind()?, on.column.clone()), |digits| (digits.into(), on.twin()));
            all = all.add(contains(&column, value, t.backend()));
        }
        Ok(all)
    }
}

/// Records that have one of these numbers.
fn same(on: &Operand, values: &[String], t: &mut Translation) -> Result<Condition> {
    bound(on, values, t)?;
    let (mut keys, mut national, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        match PhoneNumber::lenient(value).filter(|number| !number.digits().is_empty()) {
            None => written.push(value.clone()),
            Some(number) => {
                let digits = number.digits();
                keys.extend([number.key(None), digits.to_owned(), format!("+{digits}")]);
                let rest = digits.trim_start_matches('0');
                if !number.is_international() && rest.len() >= MIN_NATIONAL {
                    national.push(rest.to_owned());
                }
            }
        }
    }
    let backend = t.backend();
    let mut any = Condition::any().add(among(on.twin(), keys, backend));
    if !written.is_empty() {
        any = any.add(among(on.column.clone(), written, backend));
    }
    if !national.is_empty() {
        any = any.add(nationally(on, |rest| Ok(among(rest, national.clone(), backend).into()))?);
    }
    Ok(any)
}

/// Records that have a number, and none of these.
fn other(on: &Operand, values: &[String], t: &mut Translation) -> Result<Condition> {
    let same = same(on, values, t)?;
    Ok(Condition::all().add(is_null(on, false)).add(t.fails(same)))
}

fn begins(on: &Operand, prefix: &String) -> Result<Condition> {
    prefix.bind()?;
    let number = PhoneNumber::lenient(prefix).filter(|number| !number.digits().is_empty());
    let Some(number) = number else { return starts_with(&on.column, prefix) };
    let digits = number.digits().to_owned();
    let any =
        Condition::any().add(starts_with(&on.twin(), &format!("+{digits}"))?).add(starts_with(&on.twin(), &digits)?);
    let rest = digits.trim_start_matches('0').to_owned();
    if number.is_international() || rest.is_empty() {
        return Ok(any);
    }
    Ok(any.add(nationally(on, |column| starts_with(&column, &rest))?))
}

/// Numbers in international form whose national number meets a condition: country codes have one to three digits.
fn nationally(on: &Operand, meets: impl Fn(Expr) -> Result<Condition>) -> Result<Condition> {
    let mut any = Condition::any();
    for start in 3..=5 {
        let rest = sea_orm::sea_query::Func::cust("substr").arg(on.twin()).arg(Expr::val(start));
        any = any.add(meets(rest.into())?);
    }
    Ok(Condition::all().add(starts_with(&on.twin(), &"+".to_owned())?).add(any))
}

/// As one parameter on PostgreSQL, so that the statement is the same whatever the number of values.
fn among(column: Expr, values: Vec<String>, backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        let values = values.into_iter().map(Value::from).collect();
        return column.eq(PgFunc::any(Value::Array(ArrayType::String, Some(Box::new(values)))));
    }
    column.is_in(values)
}
