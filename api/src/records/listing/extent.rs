//! Record of a list: the rows that are shown, and the question that they answer.

use std::borrow::Cow;

use async_graphql::{InputType, Value as Input};
use sea_orm::{Condition, IdenStatic, Value};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::criteria::{Direction, Identified, Named};
use crate::database::Reader;
use crate::error::Result;
use crate::records::collection::{Collection, Deleted, is_patient};
use crate::records::disclosure::{self, Disclosure, MAX_MATCHED, Owner, disclose, few, names, owners};
use crate::scope::Scope;

use super::{Asked, Found, Listing, Query};

/// Part of a list that was seen, and what it tells of the whole.
pub(in crate::records) struct Extent {
    /// Number of the whole list's records, as far as it is known.
    pub(in crate::records) matched: Option<u64>,
    /// Patients of these records, where all were read and are few.
    pub(in crate::records) known: Option<Vec<Owner>>,
    /// Smallest number of them that is possible.
    pub(in crate::records) at_least: u64,
    /// True where the answer shows every one of them.
    pub(in crate::records) is_shown: bool,
    /// The column by which the lists belong to records, where they do.
    pub(in crate::records) by: Option<&'static str>,
    /// Those whose records it is about.
    pub(in crate::records) parents: Vec<Owner>,
    /// Condition that the records meet, where their patients may have to be looked up.
    pub(in crate::records) condition: Option<Condition>,
}

impl<C: Collection> Asked<C> {
    /// Number of rows that a page's statement reads: one more than the page has. Of a short first page under a filter it is
    /// one more than are listed, so that no other statement has to find them.
    pub(super) fn reads(&self) -> u64 {
        let limit = self.page.limit() as u64;
        let is_first = self.page.skipped() == Some(0);
        let tells = self.terms.is_some() && is_first && C::disclosure() == Disclosure::Patients;
        if tells { limit.max(MAX_MATCHED) + 1 } else { limit + 1 }
    }

    /// Concludes from a page's rows, and from the number of all, on the whole list.
    pub(super) fn extent(&self, found: &[Found<C::Entity>], total: Option<u64>) -> Extent {
        let (count, skipped) = (found.len() as u64, self.page.skipped());
        let is_all = self.wanted.page && skipped == Some(0) && count < self.reads();
        let at_least = total.unwrap_or(if count == 0 { 0 } else { skipped.unwrap_or_default() + count });
        let is_few = is_all && count <= MAX_MATCHED && self.decides();
        Extent {
            matched: total.or(is_all.then_some(count)),
            known: is_few.then(|| found.iter().flat_map(|found| owners::<C>(&found.row)).collect()),
            at_least,
            // That nothing else belongs to patients tells of all of them.
            is_shown: is_all
                && is_patient::<C>()
                && (found.is_empty() || self.wanted.rows && found.len() <= self.page.limit()),
            by: None,
            parents: Vec::new(),
            condition: self.decides().then(|| self.whole.condition.clone()),
        }
    }

    /// Tells whether a filter or a count decides.
    pub(in crate::records) const fn decides(&self) -> bool {
        self.terms.is_some() || self.counts()
    }

    /// Notes the rows of pages that are shown, or whose places are.
    pub(in crate::records) fn disclose<'l>(&self, reader: &Reader, listings: impl Iterator<Item = &'l Listing<C>>) {
        // The trail's own reads are one deed with the question.
        let is_read = C::disclosure() == Disclosure::Reads && self.decides();
        if is_read || !reader.is_witnessed() || !self.wanted.page {
            return;
        }
        let mut shown = Vec::new();
        for rows in listings.map(|listing| &listing.rows) {
            match (self.wanted.rows, self.wanted.cursors, rows.as_slice()) {
                (false, false, _) => {}
                (false, true, [first, .., last]) => shown.extend([first.clone(), last.clone()]),
                _ => shown.extend(rows.iter().cloned()),
            }
        }
        disclose::<C>(reader, &shown, &self.shown, &self.whole.filtered);
    }

    /// Puts the question on record, if there is one that decides what the answer tells of patients.
    pub(in crate::records) async fn record(
        &self,
        scope: &Scope,
        reader: &Reader,
        query: &Query<C>,
        extent: Extent,
    ) -> Result<()> {
        let is_asked = match C::disclosure() {
            Disclosure::Nothing => self.terms.as_ref().is_some_and(|terms| !terms.crossed.is_empty()),
            Disclosure::Reads => self.decides(),
            Disclosure::Patients => self.decides() || !extent.is_shown,
        };
        let is_answered = self.wanted.page || self.counts();
        if !is_asked || !is_answered || !reader.is_witnessed() {
            return Ok(());
        }
        let Extent { matched, known, at_least, by, parents, condition, .. } = extent;
        let are_sought = C::disclosure() == Disclosure::Patients && parents.is_empty() && at_least <= MAX_MATCHED;
        let (matched, known) = match (known, condition.filter(|_| are_sought)) {
            (Some(known), _) => (matched, Some(known)),
            (None, Some(condition)) => match few::<C>(reader, condition).await? {
                Some((count, owners)) => (matched.or(Some(count)), Some(owners)),
                None => (matched, None),
            },
            (None, None) => (matched, None),
        };
        let mut named = self.named(scope, reader, known.as_deref().unwrap_or_default()).await?;
        named.extend(parents);
        // Whoever may see one patient's records only asks about that one.
        named.extend(scope.patient.filter(|_| C::disclosure() != Disclosure::Reads).map(|patient| (patient, None)));
        let asked = disclosure::Asked {
            resource: C::NAME.into(),
            key: None,
            fields: self.fields(by),
            operators: self.operators(),
            matched,
            known,
            named,
            arguments: arguments(query),
        };
        for asked in self.by_kind(asked) {
            asked.deeds(scope).into_iter().for_each(|deed| reader.ask(deed));
        }
        Ok(())
    }

    /// The question as one on the records that tell of patients: what it asks for, or else those by which it asks.
    fn by_kind(&self, asked: disclosure::Asked) -> Vec<disclosure::Asked> {
        if C::disclosure() != Disclosure::Nothing {
            return vec![asked];
        }
        let crossed = self.terms.iter().flat_map(|terms| &terms.crossed);
        let of_kind = |(resource, fields): &(&'static str, Vec<Cow<'static, str>>)| disclosure::Asked {
            resource: (*resource).into(),
            fields: fields.clone(),
            ..asked.clone()
        };
        crossed.map(of_kind).collect()
    }

    fn fields(&self, by: Option<&'static str>) -> Vec<Cow<'static, str>> {
        let mut fields: Vec<Cow<'static, str>> = Vec::new();
        let counted = self.counts().then_some(Cow::Borrowed("total_count"));
        // Of the trail it is told what was shown of it.
        let is_shown = C::disclosure() == Disclosure::Reads && self.wanted.page;
        let shown = names::<C>(self.shown.iter().copied().filter(|_| is_shown));
        let steps = self.whole.ordering.steps().iter().filter(|_| self.wanted.page);
        let ordered = steps.map(|step| Cow::Borrowed(step.column.as_str()));
        let decided = by.map(Cow::Borrowed).into_iter().chain(self.whole.filtered.iter().cloned()).chain(ordered);
        for field in counted.into_iter().chain(shown).chain(decided) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }

    fn operators(&self) -> Vec<Cow<'static, str>> {
        let filter = self.terms.iter().flat_map(|terms| terms.operators.iter().cloned());
        let steps = self.whole.ordering.steps().iter().filter(|_| self.wanted.page);
        let order = steps.map(|step| {
            let way = if step.direction == Direction::Asc { "asc" } else { "desc" };
            Cow::Owned(format!("{}.{way}", step.column.as_str()))
        });
        filter.chain(order).collect()
    }

    /// The patients that the question names, by its filter and by the places that its page is bound by. Places of others'
    /// records are looked up only where a filter is.
    async fn named(&self, scope: &Scope, reader: &Reader, known: &[Owner]) -> Result<Vec<Owner>> {
        let (mut by_key, mut by_record) = (Vec::new(), Vec::new());
        let key = C::key();
        for (argument, cursor) in self.page.cursors() {
            let places = self.whole.ordering.place(argument, cursor)?;
            let steps = self.whole.ordering.steps().iter().zip(places);
            let own = steps.filter(|(step, _)| step.related.is_none() && step.column.as_str() == key.as_str());
            match (C::patient(), own.map(|(_, place)| place).next()) {
                (Some(_), Some(Value::Uuid(Some(place)))) if is_patient::<C>() => by_key.push((place, None)),
                (Some(patient), Some(place)) if self.terms.is_some() => {
                    by_record.push((Identified::by::<C>(&key, &patient), vec![place]));
                }
                _ => {}
            }
        }
        let mut owners =
            disclosure::named(scope, reader, &Named { patients: Vec::new(), records: by_record }, known).await?;
        if let Some(terms) = &self.terms {
            owners.extend(disclosure::named(scope, reader, &terms.named, known).await?);
        }
        let is_known = |key: &Uuid| known.iter().chain(&owners).any(|(patient, _)| patient == key);
        by_key.retain(|(place, _)| !is_known(place));
        owners.extend(by_key);
        Ok(owners)
    }
}

/// The arguments of a list as JSON, those left out that were not given.
fn arguments<C: Collection>(query: &Query<C>) -> String {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Input| {
        if let Some(value) = given(value) {
            told.insert(name.to_owned(), value);
        }
    };
    tell("filter", query.filter.as_ref().map(InputType::to_value).unwrap_or_default());
    let order: Vec<Input> = query.order.iter().map(InputType::to_value).collect();
    tell("order", if order.is_empty() { Input::Null } else { Input::List(order) });
    let page = &query.page;
    tell("page", page.page.map(|page| page.to_value()).unwrap_or_default());
    tell("first", page.first.map(Input::from).unwrap_or_default());
    tell("after", page.after.clone().map(Input::from).unwrap_or_default());
    tell("last", page.last.map(Input::from).unwrap_or_default());
    tell("before", page.before.clone().map(Input::from).unwrap_or_default());
    if query.deleted != Deleted::Excluded {
        tell("deleted", query.deleted.to_value());
    }
    Json::Object(told).to_string()
}

/// An input without what was left out of it; none where that is all.
pub(in crate::records) fn given(value: Input) -> Option<Json> {
    fn strip(value: Json) -> Option<Json> {
        Some(match value {
            Json::Null => return None,
            Json::Array(values) => Json::Array(values.into_iter().filter_map(strip).collect()),
            Json::Object(fields) => {
                let fields = fields.into_iter().filter_map(|(name, value)| Some((name, strip(value)?)));
                Json::Object(fields.collect())
            }
            value => value,
        })
    }
    strip(value.into_json().ok()?)
}
