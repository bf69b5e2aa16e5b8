use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Value};
use uuid::Uuid;

use crate::criteria::client_name;
use crate::database::{Cluster, Consistency, Transaction};
use crate::deed::{Action, Deed};
use crate::error::Result;
use crate::records::Collection;
use crate::records::aggregate::ActiveModel;
use crate::records::check::Kind;
use crate::records::dependent::{Coded, Coding, Judge, PatientConditions, PatientMedications};
use crate::scope::{Permission, Scope};

use super::put::{Import, Item, among};

/// Codes in one statement at most.
const CHUNK: usize = 1000;

/// What something is, by a code, in words, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImportedConcept {
    /// The code system, as a URI (1 to 200 characters), and the code: 1 to 200 characters of printable ASCII, with single spaces between them.
    pub code: Option<(String, String)>,
    /// What the code is called; the catalogue has an entry by this name from then on, or by the code itself, where it has
    /// none.
    pub name: Option<String>,
    /// In words: 1 to 500 characters.
    pub display: String,
}

impl ImportedConcept {
    /// Sets what a record says of it as a whole; what the code is called.
    pub(super) fn into_row<D: Coded>(self, row: &mut ActiveModel<D>, judge: &mut Judge) -> Option<String> {
        let [system, code, display, reference] = D::coded();
        // The catalogue is everybody's: a patient's own words have no place in it.
        let code_name = self.name.or_else(|| self.code.as_ref().map(|(_, code)| code.clone()));
        let words = judge.check.text(&client_name("display"), Kind::Plain(500), &self.display);
        match words {
            Some(words) => row.set(display, words.into()),
            None => {
                judge.check.missing::<String>("display");
            }
        }
        let (told_system, told_code) = self.code.unzip();
        let named = code_name.and_then(|name| judge.check.text("name", Kind::Plain(500), &name));
        for (column, field, kind, told) in
            [(system, "system", Kind::Plain(200), told_system), (code, "code", Kind::SpacedCode(200), told_code)]
        {
            let told = told.and_then(|told| judge.check.text(field, kind, &told));
            row.set(column, told.into());
        }
        row.set(reference, None::<Uuid>.into());
        named
    }
}

/// Names that the catalogue of conditions and allergies has for codes, each with its system.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn condition_names(
    scope: &Scope,
    cluster: &Cluster,
    codes: Vec<(String, String)>,
) -> Result<HashMap<(String, String), String>> {
    names::<PatientConditions>(scope, cluster, codes).await
}

/// Names that the catalogue of medications has for codes, each with its system.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn medication_names(
    scope: &Scope,
    cluster: &Cluster,
    codes: Vec<(String, String)>,
) -> Result<HashMap<(String, String), String>> {
    names::<PatientMedications>(scope, cluster, codes).await
}

async fn names<D: Coded>(
    scope: &Scope,
    cluster: &Cluster,
    codes: Vec<(String, String)>,
) -> Result<HashMap<(String, String), String>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    let wanted: HashSet<(String, String)> = codes.into_iter().collect();
    let codes: Vec<String> = wanted.iter().map(|(_, code)| code.clone()).collect();
    let [system, code, name] = <D::Catalogue as Coding>::coding();
    let mut names = HashMap::new();
    for chunk in codes.chunks(CHUNK) {
        let rows: Vec<(String, String, String)> = <D::Catalogue as crate::criteria::Criteria>::Entity::find()
            .select_only()
            .columns([system, code, name])
            .filter(among(&reader, code, chunk.to_vec()))
            .into_tuple()
            .all(&reader)
            .await?;
        names.extend(rows.into_iter().map(|(system, code, name)| ((system, code), name)));
    }
    names.retain(|coding, _| wanted.contains(coding));
    Ok(names)
}

/// The code system and the code of a record, and what it is called.
fn coding<D: Coded + Import>(item: &Item<D>) -> Option<(String, String)> {
    let [system, code, ..] = D::coded();
    let text = |column| match item.row.get(column) {
        ActiveValue::Set(Value::String(Some(text))) => Some(text),
        _ => None,
    };
    text(system).zip(text(code)).filter(|_| item.faults.is_empty())
}

/// Makes entries of the catalogue for codes that it does not have yet.
pub(super) async fn introduce<D: Coded + Import>(tx: &Transaction, items: &[Item<D>]) -> Result<()> {
    type Entry<D> = ActiveModel<<D as Coded>::Catalogue>;
    let known = known::<D>(tx, items).await?;
    let mut new: HashMap<(String, String), &str> = HashMap::new();
    for item in items {
        if let (Some(coding), Some(name)) = (coding(item), &item.name)
            && !known.contains_key(&coding)
        {
            new.entry(coding).or_insert(name);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let [system, code, name] = <D::Catalogue as Coding>::coding();
    let mut rows = Vec::with_capacity(new.len());
    for ((told_system, told_code), told_name) in new {
        // The same in every database, so that records can move between them.
        let key = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{told_system}|{told_code}").as_bytes());
        tx.note(Deed {
            fields: [system, code, name].iter().map(|column| sea_orm::IdenStatic::as_str(column).into()).collect(),
            version: Some(1),
            ..Deed::new(Action::Create, D::Catalogue::NAME).on(key)
        });
        let mut row = Entry::<D>::default();
        row.set(D::Catalogue::key(), key.into());
        row.set(system, told_system.into());
        row.set(code, told_code.into());
        row.set(name, told_name.into());
        rows.push(row);
    }
    // Somebody else may just have made them.
    let conflict = OnConflict::new().do_nothing().to_owned();
    let insertion = <D::Catalogue as crate::criteria::Criteria>::Entity::insert_many(rows).on_conflict(conflict);
    insertion.exec_without_returning(tx).await?;
    Ok(())
}

/// Names the catalogue's entries of the records' codes.
pub(super) async fn settle<D: Coded + Import>(
    db: &impl ConnectionTrait,
    mut items: Vec<Item<D>>,
) -> Result<Vec<Item<D>>> {
    let known = known::<D>(db, &items).await?;
    let [.., reference] = D::coded();
    for item in &mut items {
        if let Some(key) = coding(item).and_then(|coding| known.get(&coding)) {
            item.row.set(reference, Some(*key).into());
        }
    }
    Ok(items)
}

/// The keys of the catalogue's entries, by code system and code.
async fn known<D: Coded + Import>(
    db: &impl ConnectionTrait,
    items: &[Item<D>],
) -> Result<HashMap<(String, String), Uuid>> {
    let mut codes: Vec<String> = items.iter().filter_map(coding).map(|(_, code)| code).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    let [system, code, _] = <D::Catalogue as Coding>::coding();
    let rows: Vec<(Uuid, String, String)> = <D::Catalogue as crate::criteria::Criteria>::Entity::find()
        .select_only()
        .columns([D::Catalogue::key(), system, code])
        .filter(among(db, code, codes))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(key, system, code)| ((system, code), key)).collect())
}
