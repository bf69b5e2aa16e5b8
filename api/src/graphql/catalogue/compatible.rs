use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::OutputType;
use async_graphql::registry::{MetaField, Registry};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::error::Error;
use crate::graphql::context;
use crate::graphql::many::{Asked, Many, Read, field};
use crate::graphql::object::At;
use crate::graphql::record::read;
use crate::graphql::shown::Shown;
use crate::records::catalogue::{BloodTypes, Way};
use crate::scope::Permission;

use super::BloodType;

/// The blood types that fit one: few, and so a list without pages.
pub(super) struct Compatible {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) way: Way,
}

impl Many for Compatible {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self, registry: &mut Registry, _: &[Permission]) -> MetaField {
        let ty = <Vec<Shown<BloodType>> as OutputType>::create_type_info(registry);
        field(self.name, self.description, ty)
    }

    fn read<'a>(
        &'a self,
        context: &'a context::Context,
        asked: &'a Asked<'a>,
        keys: &'a [Uuid],
    ) -> BoxFuture<'a, Arc<dyn Read>> {
        Box::pin(async move {
            let read: Arc<dyn Read> = Arc::new(Fitting(self.fitting(context, asked, keys).await));
            read
        })
    }
}

impl Compatible {
    async fn fitting(
        &self,
        context: &context::Context,
        asked: &Asked<'_>,
        keys: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Shown<BloodType>>>, Arc<Error>> {
        let mut pairs = BloodTypes::compatible(&context.scope, &context.reader, self.way).await?;
        pairs.retain(|(own, _)| keys.contains(own));
        let others = pairs.iter().map(|(_, other)| *other).collect();
        let known = read::<BloodType>(context, &asked.fields(), others).await?;
        let mut fitting: HashMap<Uuid, Vec<_>> = HashMap::new();
        for (own, other) in pairs {
            fitting.entry(own).or_default().extend(known.get(&other).cloned());
        }
        Ok(fitting)
    }
}

struct Fitting(Result<HashMap<Uuid, Vec<Shown<BloodType>>>, Arc<Error>>);

impl Read for Fitting {
    fn write(&self, key: Uuid, at: &At<'_, '_>, json: &mut Vec<u8>) -> async_graphql::Result<()> {
        let fitting = self.0.as_ref().map_err(Arc::clone)?;
        at.list(fitting.get(&key).map(Vec::as_slice).unwrap_or_default(), json);
        Ok(())
    }
}
