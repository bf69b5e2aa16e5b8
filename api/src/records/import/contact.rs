use std::collections::{HashMap, HashSet};

use entity::{email, phone};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, QueryFilter,
    QueryOrder, Value,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Transaction;
use crate::deed::{Action, Deed};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::records::aggregate::{ActiveModel, Model};
use crate::records::check::Kind;
use crate::records::collection::Column;
use crate::records::dependent::{Emails, Phones};

use super::How;
use super::home::at_home;
use super::put::{Import, Item, among, judge_of, told, unknown};
use super::recognised::recognise;
use super::vocabulary::Vocabulary;

/// A way to reach a patient, as it was recorded elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedContact {
    /// Where it comes from, as messages say it.
    pub place: String,
    /// Email address (at most 254 characters) or phone number: 10 to 15 digits, at most 40 characters as written.
    pub value: String,
    /// What it is for, by the code of a catalogue.
    pub kind: Option<String>,
    /// Whether it is the one to use.
    pub is_primary: bool,
}

/// What a patient has several of, each told from the others by what it says. A person's first choice stays so; that of an
/// earlier import gives way.
pub(super) trait Contact: Import {
    /// The columns that tell one from the other.
    fn tells() -> &'static [Column<Self>];

    fn is_primary() -> Column<Self>;

    /// The column that tells their kinds, where one that is told takes the place of an earlier import's of its kind.
    fn kind() -> Option<Column<Self>> {
        None
    }

    /// Takes what is not told as unknown: the row says something else from now on.
    fn renew(_row: &mut ActiveModel<Self>) {}
}

/// The same key for the same contact of the same patient, wherever it is imported.
pub(super) fn key<'p>(patient: Uuid, kind: &str, parts: impl IntoIterator<Item = &'p str>) -> Uuid {
    let name = parts.into_iter().fold(kind.to_owned(), |name, part| format!("{name}|{}", part.trim()));
    Uuid::new_v5(&patient, name.as_bytes())
}

pub(super) fn email(patient: Uuid, contact: ImportedContact, known: &Vocabulary, clock: &dyn Clock) -> Item<Emails> {
    let mut judge = judge_of(clock);
    let uuid = key(patient, "Email", [contact.value.as_str()]);
    let row = email::ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(patient),
        address: judge.required("address", &Kind::Email, told(Some(contact.value))),
        email_type_id: known.email_types.key(contact.kind.as_deref()).map_or(NotSet, |key| Set(Some(key))),
        is_primary: if contact.is_primary { Set(true) } else { NotSet },
        ..Default::default()
    };
    Item::new(uuid, row, judge.check.into_faults())
}

pub(super) fn phone(patient: Uuid, contact: ImportedContact, known: &Vocabulary, clock: &dyn Clock) -> Item<Phones> {
    let mut judge = judge_of(clock);
    let uuid = key(patient, "Phone", [contact.value.as_str()]);
    let row = phone::ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(patient),
        number: judge.required("number", &Kind::Phone, told(Some(contact.value))),
        phone_type_id: known.phone_types.key(contact.kind.as_deref()).map_or(NotSet, |key| Set(Some(key))),
        is_primary: if contact.is_primary { Set(true) } else { NotSet },
        ..Default::default()
    };
    Item::new(uuid, row, judge.check.into_faults())
}

/// Takes the first choice from contacts of earlier imports where another one is to have it.
pub(super) async fn give_way<C: Contact>(tx: &Transaction, items: &[Item<C>]) -> Result<()> {
    let mut items = at_home(tx, How::Write, items.to_vec()).await?;
    let present = present::<C>(tx, &items).await?;
    let removed = removed::<C>(tx, &items).await?;
    recognise(&mut items, &present, &removed);
    let mut keys = Vec::new();
    let is_written = |item: &&Item<C>| item.faults.is_empty() && !removed.contains(&item.uuid);
    for item in items.iter().filter(is_written).filter(|item| is_first_choice(item)) {
        let rows = present.get(&patient_of(item)).map_or(&[][..], Vec::as_slice);
        let giving_way = |model: &&Model<C>| {
            let key = C::uuid(model);
            is_true(&model.get(C::is_primary())) && key != item.uuid && key.get_version_num() == 5
        };
        let institution = C::institution().and_then(|column| item.row.get(column).into_value());
        let institution = institution.and_then(|value| key_in(&value));
        let place = (patient_of(item), institution);
        keys.extend(rows.iter().filter(giving_way).map(|model| (C::uuid(model), place, C::version(model))));
    }
    if keys.is_empty() {
        return Ok(());
    }
    for (key, (patient, institution), version) in &keys {
        tx.note(Deed {
            patients: patient.iter().copied().collect(),
            institution: *institution,
            version: Some(version + 1),
            fields: [C::is_primary().as_str().into()].into(),
            ..Deed::new(Action::Update, C::NAME).on(*key)
        });
    }
    let mut changes = ActiveModel::<C>::default();
    changes.set(C::is_primary(), false.into());
    let keys = keys.into_iter().map(|(key, ..)| key).collect();
    C::Entity::update_many().set(changes).filter(among(tx, C::key(), keys)).exec(tx).await?;
    Ok(())
}

/// Finds the contacts that are there already, and leaves the first choice to who has it.
pub(super) async fn settle<C: Contact>(
    db: &impl ConnectionTrait,
    how: How,
    items: Vec<Item<C>>,
) -> Result<Vec<Item<C>>> {
    let mut items = at_home(db, how, items).await?;
    let present = present::<C>(db, &items).await?;
    let removed = removed::<C>(db, &items).await?;
    recognise(&mut items, &present, &removed);
    let (mut chosen, mut taken) = (HashSet::new(), HashSet::new());
    for item in &mut items {
        let rows = present.get(&patient_of(item)).map_or(&[][..], Vec::as_slice);
        if !taken.insert(item.uuid) {
            item.faults.push(Fault::new(FaultCode::NotUnique, [], "is told twice"));
        }
        // Those of earlier imports have given way, or would.
        let stays = |model: &Model<C>| how.writes() || C::uuid(model).get_version_num() != 5;
        let has_it = |model: &Model<C>| is_true(&model.get(C::is_primary())) && C::uuid(model) != item.uuid;
        let is_taken = rows.iter().any(|model| has_it(model) && stays(model));
        if is_first_choice(item) && (is_taken || !chosen.insert(patient_of(item))) {
            item.row.not_set(C::is_primary());
        }
    }
    Ok(items)
}

/// Those of these records that were removed here.
async fn removed<C: Contact>(db: &impl ConnectionTrait, items: &[Item<C>]) -> Result<HashSet<Uuid>> {
    let Some(tombstone) = C::tombstone() else { return Ok(HashSet::new()) };
    let keys = items.iter().map(|item| item.uuid).collect();
    let query = C::Entity::find().filter(among(db, C::key(), keys)).filter(tombstone.is_not_null());
    Ok(query.all(db).await?.iter().map(C::uuid).collect())
}

/// What these records' patients have, but for what was removed.
pub(super) async fn present<C: Import>(
    db: &impl ConnectionTrait,
    items: &[Item<C>],
) -> Result<HashMap<Option<Uuid>, Vec<Model<C>>>> {
    let (Some(patient), Some(tombstone)) = (C::patient(), C::tombstone()) else {
        return Err(Error::internal("a contact that belongs to nobody"));
    };
    let mut keys: Vec<Uuid> = items.iter().filter_map(patient_of).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut rows: HashMap<Option<Uuid>, Vec<Model<C>>> = HashMap::new();
    let query = C::Entity::find().filter(among(db, patient, keys)).filter(tombstone.is_null()).order_by_asc(C::key());
    for model in query.all(db).await? {
        rows.entry(key_in(&model.get(patient))).or_default().push(model);
    }
    Ok(rows)
}

/// Whose a record is.
pub(super) fn patient_of<C: Import>(item: &Item<C>) -> Option<Uuid> {
    item.row.get(C::patient()?).into_value().and_then(|value| key_in(&value))
}

fn key_in(value: &Value) -> Option<Uuid> {
    match value {
        Value::Uuid(key) => *key,
        _ => None,
    }
}

fn is_first_choice<C: Contact>(item: &Item<C>) -> bool {
    matches!(item.row.get(C::is_primary()), ActiveValue::Set(value) if is_true(&value))
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(Some(true))
}

impl Contact for Emails {
    fn tells() -> &'static [email::Column] {
        &[email::Column::Address]
    }

    fn is_primary() -> email::Column {
        email::Column::IsPrimary
    }
}

impl Contact for Phones {
    fn tells() -> &'static [phone::Column] {
        &[phone::Column::NumberFolded]
    }

    fn is_primary() -> phone::Column {
        phone::Column::IsPrimary
    }
}

impl Import for Emails {
    fn fill(row: &mut email::ActiveModel) {
        unknown(&mut row.email_type_id);
        unknown(&mut row.verified_at);
        if row.is_primary.is_not_set() {
            row.is_primary = Set(false);
        }
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &email::Model) -> bool {
        model.deleted_at.is_some()
    }

    async fn introduce(tx: &Transaction, items: &[Item<Self>]) -> Result<()> {
        give_way(tx, items).await
    }

    async fn settle(db: &impl ConnectionTrait, how: How, items: Vec<Item<Self>>) -> Result<Vec<Item<Self>>> {
        settle(db, how, items).await
    }
}

impl Import for Phones {
    fn fill(row: &mut phone::ActiveModel) {
        unknown(&mut row.number_folded);
        unknown(&mut row.country_code);
        unknown(&mut row.area_code);
        unknown(&mut row.phone_type_id);
        unknown(&mut row.verified_at);
        if row.is_primary.is_not_set() {
            row.is_primary = Set(false);
        }
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &phone::Model) -> bool {
        model.deleted_at.is_some()
    }

    async fn introduce(tx: &Transaction, items: &[Item<Self>]) -> Result<()> {
        give_way(tx, items).await
    }

    async fn settle(db: &impl ConnectionTrait, how: How, items: Vec<Item<Self>>) -> Result<Vec<Item<Self>>> {
        settle(db, how, items).await
    }
}
