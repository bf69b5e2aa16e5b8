use std::path::Path;

use super::*;

/// The sample of the project, unpacked: `PHR_FHIR_DATA` names its folder.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("PHR_FHIR_DATA") {
        return Some(folder.into());
    }
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/fhir-r4-bundles.tar.xz");
    if !archive.is_file() {
        return None;
    }
    let folder = std::env::temp_dir().join("phr-fhir-r4-bundles");
    let unpacked = folder.join("fhir-r4");
    if !unpacked.is_dir() {
        let partial = std::env::temp_dir().join(format!("phr-fhir-r4-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&partial).ok()?;
        let tar = std::process::Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(&partial).status();
        if !tar.is_ok_and(|status| status.success()) {
            return None;
        }
        // Whoever comes second finds the folder there, and removes what is his.
        if std::fs::rename(&partial, &folder).is_err() {
            std::fs::remove_dir_all(&partial).ok();
        }
    }
    Some(unpacked)
}

#[tokio::test]
async fn the_sample_is_imported_whole() {
    let Some(folder) = folder().filter(|folder| folder.is_dir()) else {
        eprintln!("left out: there is no sample of FHIR bundles here; PHR_FHIR_DATA names its folder");
        return;
    };
    let database = Database::new().await;
    let imported = database.import(Sources::find(std::slice::from_ref(&folder))).await;
    let created =
        |resource: &str| imported.of(resource).iter().filter(|outcome| outcome.status == Status::Created).count();
    assert_eq!(imported.outcomes.len(), 125_107);
    assert_eq!(created("Patient"), 409);
    assert_eq!(created("Practitioner"), 102);
    for (resource, table, count) in [
        ("Condition", "patient_conditions", 3006),
        ("MedicationRequest", "patient_medications", 3155),
        ("AllergyIntolerance", "patient_allergies", 226),
    ] {
        assert_eq!(created(resource), count, "{resource}");
        let rows = format!("SELECT count(*) FROM {table} WHERE code IS NOT NULL");
        assert_eq!(database.number(&rows).await, i64::try_from(count).unwrap(), "{table}");
    }
    for table in ["phones", "addresses", "health_profiles"] {
        assert_eq!(database.number(&format!("SELECT count(*) FROM {table}")).await, 409, "{table}");
    }
    assert_eq!(database.registers().await.len(), 409);
    let again = database.import(Sources::find(&[folder])).await;
    assert_eq!((again.count(Status::Created), again.count(Status::Updated)), (0, 0));
    assert_eq!(again.count(Status::Failed), imported.count(Status::Failed));
}
