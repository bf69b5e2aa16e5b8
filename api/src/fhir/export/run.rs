use std::io;

use serde_json::Value;
use uuid::Uuid;

use crate::database::{Cluster, Snapshot};
use crate::deed::Outcome;
use crate::error::{Error, Result};
use crate::records::export::{self, Folder};
use crate::records::import::Vocabulary;
use crate::scope::Scope;

use super::Files;
use super::clinical::{allergies, conditions, medications};
use super::person::{organization, patient, practitioner, practitioner_role};

/// Patients, or others, that are held in memory at once.
const PAGE: u64 = 100;

/// Writes everything within the scope's boundary, as it is at one moment, and tells how many patients of how many are
/// written. Each patient is put on record before anything of theirs is written.
///
/// # Errors
/// `Forbidden`; `Unrecorded` when the export cannot be put on record; `Internal` when a file cannot be written; as any
/// read.
pub async fn export(
    scope: &Scope,
    cluster: &Cluster,
    files: &mut Files,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<()> {
    export::require(scope)?;
    let snapshot = cluster.snapshot(scope).await?;
    let known = Vocabulary::load(scope, &snapshot).await?;
    directory(scope, &snapshot, files).await?;
    let total = export::total(scope, &snapshot).await?;
    let (mut after, mut written) = (None, 0);
    loop {
        let folders = export::folders(scope, &snapshot, &known, after, PAGE).await?;
        let Some(last) = folders.last() else { break };
        after = Some(last.register.uuid);
        let deeds = folders.iter().map(|folder| (folder.deed(), Outcome::Succeeded)).collect();
        cluster.record(scope, deeds).await?;
        for folder in &folders {
            write(files, whole(folder))?;
        }
        written += folders.len() as u64;
        progress(written, total);
    }
    snapshot.finish().await
}

async fn directory(scope: &Scope, snapshot: &Snapshot, files: &mut Files) -> Result<()> {
    let mut after: Option<Uuid> = None;
    loop {
        let institutions = export::institutions(scope, snapshot, after, PAGE).await?;
        let Some(last) = institutions.last() else { break };
        after = Some(last.uuid);
        write(files, institutions.iter().map(organization))?;
    }
    after = None;
    loop {
        let doctors = export::doctors(scope, snapshot, after, PAGE).await?;
        let Some(last) = doctors.last() else { break };
        after = Some(last.uuid);
        write(files, doctors.iter().map(practitioner).chain(doctors.iter().filter_map(practitioner_role)))?;
    }
    Ok(())
}

fn whole(folder: &Folder) -> impl Iterator<Item = Value> {
    let known = allergies(folder).into_iter().chain(conditions(folder)).chain(medications(folder));
    std::iter::once(patient(&folder.register)).chain(known)
}

fn write(files: &mut Files, resources: impl IntoIterator<Item = Value>) -> Result<()> {
    let mut all = resources.into_iter();
    all.try_for_each(|resource| files.write(&resource)).map_err(|error: io::Error| Error::internal(error))
}
