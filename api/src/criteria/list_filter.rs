use std::borrow::Cow;

use async_graphql::registry::{Deprecation, MetaInputValue, MetaType, MetaTypeId, Registry};
use async_graphql::{InputType, InputValueError, InputValueResult, MaybeUndefined, Name, Value};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition};

use crate::error::{Error, Result};

use super::{Filter, Translation, client_name};

/// What the related records stand as, within a condition on them.
const HELD: &str = "held";

/// Conditions on the records that belong to a record. All that are given must hold.
#[derive(Clone, Debug)]
pub struct ListFilter<F: Filter> {
    some: MaybeUndefined<F>,
    none: MaybeUndefined<F>,
    every: MaybeUndefined<F>,
}

const DESCRIPTION: &str = "Conditions on the records that belong to a record. All that are given must hold.";
const FIELDS: [(&str, &str); 3] = [
    ("some", "At least one record meets this; any record meets an empty object."),
    ("none", "No record meets this."),
    ("every", "No record fails to meet this. It holds where there is no record at all."),
];

/// By hand, since the library derives it of no type that stands for many without a list of these.
impl<F: Filter> InputType for ListFilter<F> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        let name = F::type_name();
        format!("{}ListFilter", name.strip_suffix("Filter").unwrap_or(&name)).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::InputObject, |registry| {
            let ty = Option::<F>::create_type_info(registry);
            let field = |(name, description): (&str, &str)| (name.to_owned(), input(name, description, ty.clone()));
            MetaType::InputObject {
                name: Self::type_name().into_owned(),
                description: Some(DESCRIPTION.to_owned()),
                input_fields: FIELDS.into_iter().map(field).collect(),
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                rust_typename: Some(std::any::type_name::<Self>()),
                oneof: false,
                directive_invocations: Vec::new(),
            }
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut fields)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let mut field = |name| MaybeUndefined::parse(fields.swap_remove(name)).map_err(InputValueError::propagate);
        Ok(Self { some: field("some")?, none: field("none")?, every: field("every")? })
    }

    fn to_value(&self) -> Value {
        let fields = [("some", &self.some), ("none", &self.none), ("every", &self.every)];
        let given = fields.into_iter().filter(|(_, filter)| !filter.is_undefined());
        Value::Object(given.map(|(name, filter)| (Name::new(name), filter.to_value())).collect())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An argument, or a field of an input, that may be left out.
#[must_use]
pub fn input(name: &str, description: &str, ty: String) -> MetaInputValue {
    MetaInputValue {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ty,
        deprecation: Deprecation::default(),
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        is_secret: false,
        directive_invocations: Vec::new(),
    }
}

impl<F: Filter> ListFilter<F> {
    /// The conditions on a record with this `key`, to which the records belong that have it in the column `by`.
    ///
    /// # Errors
    /// As those of the filters, and `Forbidden` for records that the caller may not see.
    pub fn condition(
        &self,
        field: &str,
        key: impl ColumnTrait,
        by: impl ColumnTrait,
        translation: &mut Translation,
    ) -> Result<Condition> {
        let mut all = Condition::all();
        translation.cross::<F>(&by);
        if let Some(filter) = given(field, &by, "some", &self.some, translation)? {
            let met = translation.nested(|translation| filter.condition(translation));
            let met = met.map_err(|error| error.at(&["some"]))?;
            all = all.add(held(key, by, F::reach(translation.scope())?.add(met)));
        }
        if let Some(filter) = given(field, &by, "none", &self.none, translation)? {
            let met = translation.nested(|translation| filter.condition(translation));
            let met = met.map_err(|error| error.at(&["none"]))?;
            all = all.add(held(key, by, F::reach(translation.scope())?.add(met)).not());
        }
        if let Some(filter) = given(field, &by, "every", &self.every, translation)? {
            let met = translation.nested(|translation| filter.condition(translation));
            let met = met.map_err(|error| error.at(&["every"]))?;
            let failed = translation.fails(met);
            all = all.add(held(key, by, F::reach(translation.scope())?.add(failed)).not());
        }
        Ok(all)
    }
}

fn given<'o, F>(
    field: &str,
    by: &impl ColumnTrait,
    operator: &'static str,
    filter: &'o MaybeUndefined<F>,
    translation: &mut Translation,
) -> Result<Option<&'o F>> {
    match filter {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => {
            let field = client_name(field);
            Err(Error::BadRequest(format!("{field}: {operator} cannot be null: leave it out")).at(&[operator]))
        }
        MaybeUndefined::Value(filter) => {
            translation.count()?;
            translation.ask(by);
            translation.decide(operator);
            Ok(Some(filter))
        }
    }
}

/// Whether a record for which `condition` holds belongs to the one with this key. Under a name of its own, so that the
/// record may be of the same table.
fn held(key: impl ColumnTrait, by: impl ColumnTrait, condition: Condition) -> Expr {
    let owner = Alias::new("owner");
    let mut records = Query::select();
    records.expr_as(Expr::col(by.as_column_ref()), owner.clone()).from(by.entity_name()).cond_where(condition);
    let mut own = Query::select();
    own.expr(Expr::val(1)).from_subquery(records, HELD);
    own.and_where(Expr::col((HELD, owner)).eq(Expr::col(key.as_column_ref())));
    Expr::exists(own)
}
