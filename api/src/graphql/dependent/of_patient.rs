use async_graphql::{Context, Object, Result};
use entity::patient_register::Entity;
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::graphql::connection::Connection;
use crate::graphql::lists::{list_of, one_of};
use crate::graphql::shown::Shown;
use crate::records::dependent::{
    AddressFilter, AddressOrder, EmailFilter, EmailOrder, IdentifierFilter, IdentifierOrder, PatientAllergyFilter,
    PatientAllergyOrder, PatientConditionFilter, PatientConditionOrder, PatientMedicationFilter,
    PatientMedicationOrder, PhoneFilter, PhoneOrder,
};
use crate::records::{Link, Loaded, Row};

use super::{Address, Email, HealthProfile, Identifier, PatientAllergy, PatientCondition, PatientMedication, Phone};

/// What belongs to a patient, as fields of the register.
pub(in crate::graphql) struct OfPatient(pub(in crate::graphql) Row<Entity>);

impl OfPatient {
    fn owner(&self) -> Result<(Uuid, &Row<Entity>)> {
        Ok((*self.0.uuid.loaded()?, &self.0))
    }
}

/// What belongs to a patient.
#[Object]
impl OfPatient {
    /// What is known of the patient's body and habits; null when nothing is.
    async fn health_profile(&self, ctx: &Context<'_>) -> Result<Option<Shown<HealthProfile>>> {
        one_of(ctx, self.owner()?, Link::by(entity::health_profile::Column::PatientId)).await
    }

    /// What the patient has or had, the latest first unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn conditions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<PatientConditionFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<PatientConditionOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<PatientCondition>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::patient_condition::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// What the patient takes or took, the latest first unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn medications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<PatientMedicationFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<PatientMedicationOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<PatientMedication>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::patient_medication::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// What the patient does not tolerate, the latest first unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn allergy_intolerances(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<PatientAllergyFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<PatientAllergyOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<PatientAllergy>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::patient_allergy::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// The patient's email addresses.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn emails(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<EmailFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<EmailOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Email>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::email::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// The patient's phone numbers.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn phones(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<PhoneFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<PhoneOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Phone>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::phone::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// The patient's postal addresses.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn addresses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<AddressFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<AddressOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Address>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::address::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }

    /// What others know the patient by.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn identifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<IdentifierFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<IdentifierOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Identifier>>> {
        let page = PageArguments { page, first, after, last, before };
        let link = Link::by(entity::identifier::Column::PatientId);
        list_of(ctx, self.owner()?, link, filter, order, page).await.map(Some)
    }
}
