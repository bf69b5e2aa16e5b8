use entity::region;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityName, IdenStatic};
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria::client_name;
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::Row;
use crate::records::aggregate::{ActiveModel, Aggregate, New, create as create_all, exists};
use crate::records::catalogue::Regions;
use crate::records::check::Check;
use crate::records::collection::Column;
use crate::records::idempotency::Key;
use crate::scope::{Boundary, Permission, Scope};

/// How many entries an entry may be part of, one within the other.
const MAX_LEVELS: usize = 20;

/// A list that records choose from.
pub(in crate::records) trait Catalogue: Aggregate {
    /// Says whether an entry is to be chosen.
    fn is_active() -> Column<Self>;

    /// Names the entry of another catalogue that an entry belongs to, as its parent does.
    fn owner() -> Option<Column<Self>> {
        None
    }
}

/// Catalogues are everybody's: whoever is bound to one institution does not change them.
pub(super) fn require(scope: &Scope) -> Result<()> {
    scope.require(Permission::WriteDirectory)?;
    if scope.boundary == Boundary::All && scope.patient.is_none() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "catalogues are shared by all institutions: only who may act in all of them changes them".to_owned(),
    ))
}

pub(super) async fn create<C: Catalogue>(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    new: New<C>,
    key: Option<Key>,
) -> Result<Row<C::Entity>> {
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// No other entry has the same in all of `columns`, of which the last one is blamed.
pub(super) async fn check_unique<C: Catalogue>(
    row: &ActiveModel<C>,
    own: Uuid,
    columns: &[Column<C>],
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    let mut same = Condition::all().add(C::key().ne(own));
    for column in columns {
        let Some(value) = row.get(*column).into_value() else { return Ok(()) };
        same = same.add(column.eq(value));
    }
    if let Some(last) = columns.last()
        && exists::<C>(tx, scope, same).await?
    {
        check.fault(&[&client_name(last.as_str())], FaultCode::NotUnique, "another entry has this already");
    }
    Ok(())
}

/// There is such an entry, and it is to be chosen.
pub(in crate::records) async fn check_choice<C: Catalogue>(
    field: &str,
    key: Uuid,
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    if exists::<C>(tx, scope, C::key().eq(key).and(C::is_active().eq(true))).await? {
        return Ok(());
    }
    if exists::<C>(tx, scope, C::key().eq(key)).await? {
        check.fault(&[field], FaultCode::InvalidState, "the entry is inactive: it is not to be chosen any more");
    } else {
        check.fault(&[field], FaultCode::ReferenceMissing, "there is no such entry");
    }
    Ok(())
}

/// What an entry is to be part of is active, belongs to the same owner, and is not part of the entry itself.
pub(super) async fn check_parent<C: Catalogue>(
    row: &ActiveModel<C>,
    own: Uuid,
    (column, parent): (Column<C>, Uuid),
    check: &mut Check,
    tx: &Transaction,
) -> Result<()> {
    let field = client_name(column.as_str());
    let mut columns = vec![column, C::is_active()];
    columns.extend(C::owner());
    let (mut above, mut level) = (Some(parent), 0);
    while let Some(key) = above {
        level += 1;
        if key == own {
            check.fault(&[&field], FaultCode::InvalidState, "an entry cannot be part of itself");
            return Ok(());
        }
        if level > MAX_LEVELS {
            let message = format!("an entry is part of {MAX_LEVELS} others at most, one within the other");
            check.fault_with(&[&field], FaultCode::TooMany, message, FaultParams::at_most(MAX_LEVELS));
            return Ok(());
        }
        let query = Query::select()
            .columns(columns.iter().map(ColumnTrait::as_column_ref))
            .from(C::Entity::default().table_ref())
            .and_where(Expr::col(C::key().as_column_ref()).eq(key))
            .to_owned();
        let Some(entry) = tx.query_one(&query).await? else {
            check.fault(&[&field], FaultCode::ReferenceMissing, "there is no such entry");
            return Ok(());
        };
        above = entry.try_get_by_index(0)?;
        if level == 1 && !entry.try_get_by_index::<bool>(1)? {
            check.fault(&[&field], FaultCode::InvalidState, "the entry is inactive: it is not to be chosen any more");
        }
        if level == 1
            && let Some(owner) = C::owner()
            && row.get(owner).into_value() != Some(entry.try_get_by_index::<Uuid>(2)?.into())
        {
            let message = format!("belongs to another {}", client_name(owner.as_str()).trim_end_matches("Id"));
            check.fault(&[&field], FaultCode::InvalidState, message);
        }
    }
    Ok(())
}

/// Whatever names a region names its country too.
pub(in crate::records) async fn check_region(
    (region, country): (Option<Uuid>, Option<Uuid>),
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    let Some(region) = region else { return Ok(()) };
    let Some(country) = country else {
        check.fault(&["countryId"], FaultCode::Required, "must be the country of the region");
        return Ok(());
    };
    let elsewhere = region::Column::Uuid.eq(region).and(region::Column::CountryId.ne(country));
    if exists::<Regions>(tx, scope, elsewhere).await? {
        check.fault(&["regionId"], FaultCode::InvalidState, "is not a region of the country");
    }
    Ok(())
}
