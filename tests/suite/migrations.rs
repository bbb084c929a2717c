//! The schema's history: there and back, only forward of what it knows, and who may do what in the end.

use std::process::Command;

use tenderhall::platform::{
    cluster::{APP_ROLE, Binaries},
    migrations::{self, MigrationError},
};

use crate::support::{TestDb, db::connect};

/// The whole catalogue as SQL.
fn dump(url: &str) -> String {
    let pg_dump = Binaries::find(None, None).unwrap().program("pg_dump");
    let output = Command::new(pg_dump).args(["--schema-only", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer editions put a random word around the dump.
    let random = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
    text.lines().filter(random).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn up_down_and_up_again_leave_the_same_catalogue() {
    let db = TestDb::empty().await;
    let before = migrations::pending(&db.app_url).await.unwrap();
    let ran = migrations::run(&db.owner_url).await.unwrap();
    assert!(!ran.is_empty());
    assert_eq!(before, ran);
    assert!(migrations::pending(&db.owner_url).await.unwrap().is_empty());
    // The role that owns no table asks at the start of a hall on a server of its own.
    assert!(migrations::pending(&db.app_url).await.unwrap().is_empty());
    let first = dump(&db.superuser_url);

    migrations::revert_all(&db.owner_url).await.unwrap();
    assert_eq!(migrations::pending(&db.owner_url).await.unwrap(), ran);
    let nothing = dump(&db.superuser_url);
    let left: Vec<&str> = nothing
        .lines()
        .filter(|line| line.starts_with("CREATE ") && !line.contains("__diesel_schema_migrations"))
        .collect();
    assert!(left.is_empty(), "the way down leaves {left:#?}");

    assert_eq!(migrations::run(&db.owner_url).await.unwrap(), ran);
    let second = dump(&db.superuser_url);
    for (number, (one, other)) in first.lines().zip(second.lines()).enumerate() {
        assert_eq!(one, other, "the dumps differ at line {number}");
    }
    assert_eq!(first.lines().count(), second.lines().count());
}

#[tokio::test]
async fn two_instances_that_start_at_once_migrate_once() {
    let db = TestDb::empty().await;
    let (one, other) = tokio::join!(migrations::run(&db.owner_url), migrations::run(&db.owner_url));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_empty() != other.is_empty(), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_database_that_a_newer_program_migrated_is_left_alone() {
    let db = TestDb::fresh().await;
    let owner = connect(&db.owner_url).await.unwrap();
    owner.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await.unwrap();
    for error in [
        migrations::run(&db.owner_url).await.unwrap_err(),
        migrations::pending(&db.owner_url).await.unwrap_err(),
        migrations::revert_all(&db.owner_url).await.unwrap_err(),
    ] {
        assert!(matches!(&error, MigrationError::Newer { applied, .. } if applied == "9999"), "{error}");
    }
}

#[tokio::test]
async fn the_services_role_owns_nothing_and_cannot_rewrite_the_record() {
    let db = TestDb::fresh().await;
    let client = connect(&db.superuser_url).await.unwrap();
    let owned = client
        .query("SELECT relname::text FROM pg_class WHERE relowner = to_regrole($1)::oid", &[&APP_ROLE])
        .await
        .unwrap();
    assert!(owned.is_empty(), "{:?}", owned.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>());

    let rows = client
        .query(
            "SELECT relname::text,
                    has_table_privilege($1, oid, 'SELECT') AND has_table_privilege($1, oid, 'INSERT'),
                    has_any_column_privilege($1, oid, 'UPDATE')
                        OR has_table_privilege($1, oid, 'DELETE, TRUNCATE, TRIGGER')
               FROM pg_class WHERE relname IN ('log_pending', 'log_object', 'log_book', 'log_leaf', 'log_hash',
                                  'log_checkpoint', 'log_cosig')",
            &[&APP_ROLE],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (table, writes, rewrites): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        assert!(writes && !rewrites, "{table}: may write {writes}, may rewrite {rewrites}");
    }
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, other) = (TestDb::fresh().await, TestDb::fresh().await);
    let found = "INSERT INTO hall (mode) VALUES ('sandbox')";
    connect(&one.app_url).await.unwrap().batch_execute(found).await.unwrap();
    connect(&other.app_url).await.unwrap().batch_execute(found).await.unwrap();
    let gone = one.app_url.clone();
    drop(one);
    assert!(connect(&gone).await.is_err(), "it is dropped with the value");
}
