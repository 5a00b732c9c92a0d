//! The SQLite file: its tables, and the two ways to use it.
//!
//! One connection behind a mutex: each operation runs on a blocking thread and holds the lock for a few statements.
//! Work that takes long (SRP arithmetic, signing, triggers) is done outside. A write is a transaction that is committed
//! before the client gets its answer, so an acknowledged write survives the process being killed.

use std::fmt;

use rusqlite::{Connection, Transaction};

use crate::{
    database::{Database, SETTINGS},
    pool::{PoolError, PoolStorage},
};

/// The format of the file. A later one is refused, not guessed at.
const FORMAT: i64 = 3;

const TABLES: &str = "
    CREATE TABLE users (
        sub TEXT PRIMARY KEY,
        email_key TEXT UNIQUE,
        status TEXT NOT NULL,
        enabled INTEGER NOT NULL,
        salt BLOB NOT NULL,
        verifier BLOB NOT NULL,
        temporary_until INTEGER,
        created_at INTEGER NOT NULL,
        modified_at INTEGER NOT NULL,
        attributes TEXT NOT NULL
    ) STRICT;
    CREATE TABLE groups (
        name TEXT PRIMARY KEY,
        description TEXT,
        role_arn TEXT,
        precedence INTEGER,
        created_at INTEGER NOT NULL,
        modified_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE members (
        sub TEXT NOT NULL REFERENCES users(sub) ON DELETE CASCADE,
        group_name TEXT NOT NULL REFERENCES groups(name) ON DELETE CASCADE,
        PRIMARY KEY (sub, group_name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE attempts (
        subject TEXT NOT NULL,
        kind TEXT NOT NULL,
        count INTEGER NOT NULL,
        forget_at INTEGER NOT NULL,
        locked_until INTEGER NOT NULL,
        PRIMARY KEY (subject, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (
        origin_jti TEXT PRIMARY KEY,
        sub TEXT NOT NULL REFERENCES users(sub) ON DELETE CASCADE,
        refresh_digest BLOB NOT NULL UNIQUE,
        auth_time INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sessions_by_sub ON sessions (sub);
    CREATE INDEX sessions_by_expiry ON sessions (expires_at);
";

/// Codes, with the address that each was sent to: it is the one that the code proves.
const CODES: &str = "
    CREATE TABLE codes (
        sub TEXT NOT NULL REFERENCES users(sub) ON DELETE CASCADE,
        purpose TEXT NOT NULL,
        email TEXT NOT NULL,
        digest BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (sub, purpose)
    ) STRICT, WITHOUT ROWID;
";

/// Users whom other providers brought, whom they are there, and what sessions may do that began with a redirect.
const FEDERATION: &str = "
    ALTER TABLE users ADD COLUMN federated_name TEXT;
    CREATE UNIQUE INDEX users_by_federated_name ON users (federated_name);
    CREATE TABLE identities (
        provider TEXT NOT NULL,
        subject TEXT NOT NULL,
        sub TEXT NOT NULL REFERENCES users(sub) ON DELETE CASCADE,
        own INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (provider, subject)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX identities_by_sub ON identities (sub);
    ALTER TABLE sessions ADD COLUMN scope TEXT NOT NULL DEFAULT 'aws.cognito.signin.user.admin';
";

/// The pool's database.
pub(crate) struct Store(Database);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    pub(crate) fn open(storage: &PoolStorage) -> Result<Self, PoolError> {
        let file = match storage {
            PoolStorage::Memory => None,
            PoolStorage::File(path) => {
                make_private(path).map_err(|source| PoolError::File { path: path.clone(), source })?;
                Some(path.as_path())
            }
        };
        Database::open(file, |transaction, found| {
            match found {
                FORMAT => {}
                0 => {
                    for tables in [SETTINGS, TABLES, CODES, FEDERATION] {
                        transaction.execute_batch(tables)?;
                    }
                }
                1 => {
                    // Its codes have no address. They last a day at most, and another one is soon asked for.
                    transaction.execute_batch("DROP TABLE codes")?;
                    transaction.execute_batch(CODES)?;
                    transaction.execute_batch(FEDERATION)?;
                }
                2 => transaction.execute_batch(FEDERATION)?,
                found => return Err(PoolError::Format { found, expected: FORMAT }),
            }
            Ok(FORMAT)
        })
        .map(Self)
    }

    /// Reads.
    pub(crate) fn read<T, E>(&self, read: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.0.read(read)
    }

    /// Writes in one transaction, which an error undoes.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.0.write(write)
    }

    /// The setting's value; made and kept on first use.
    pub(crate) fn setting(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, PoolError>,
    ) -> Result<Vec<u8>, PoolError> {
        self.0.setting(name, make)
    }
}

// The file holds a signing key and verifiers. SQLite gives its journal the mode of the file.
fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// Whether a write failed because a value that must be unique is there already.
pub(crate) fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_made_once_and_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let storage = PoolStorage::File(folder.path().join("pool.sqlite"));
        let first = Store::open(&storage).unwrap();
        assert_eq!(first.setting("a", || Ok(vec![1])).unwrap(), [1]);
        drop(first);
        assert_eq!(Store::open(&storage).unwrap().setting("a", || Ok(vec![2])).unwrap(), [1]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&PoolStorage::File(folder.path().join("pool.sqlite"))).unwrap();
        store.setting("a", || Ok(vec![1])).unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
            files += 1;
        }
        assert!(files > 1, "the journal is checked too");
    }

    #[test]
    fn a_file_of_another_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.sqlite");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = Store::open(&PoolStorage::File(path)).unwrap_err();
        assert!(matches!(error, PoolError::Format { found: 99, .. }), "{error}");
    }

    #[test]
    fn a_file_of_the_first_format_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(SETTINGS).unwrap();
        old.execute_batch(TABLES).unwrap();
        old.execute_batch("CREATE TABLE codes (sub TEXT); INSERT INTO settings VALUES ('a', x'01')").unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        for _ in 0..2 {
            let store = Store::open(&PoolStorage::File(path.clone())).unwrap();
            assert_eq!(store.setting("a", || Ok(vec![2])).unwrap(), [1]);
            store.read(|connection| connection.prepare("SELECT email FROM codes").map(drop)).unwrap();
        }
    }

    #[test]
    fn an_error_undoes_the_whole_write() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        let outcome: Result<(), rusqlite::Error> = store.write(|transaction| {
            transaction.execute("INSERT INTO settings VALUES ('a', x'00')", [])?;
            Err(rusqlite::Error::InvalidQuery)
        });
        assert!(outcome.is_err());
        assert_eq!(store.setting("a", || Ok(vec![7])).unwrap(), [7]);
    }
}
