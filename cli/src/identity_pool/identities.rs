//! The SQLite file: identities, and with what each has signed in.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SetupError,
    error::{Exception, ServiceError},
    login::Login,
};
use crate::database::{Database, SETTINGS};

const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE identities (
        id TEXT PRIMARY KEY,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE logins (
        provider TEXT NOT NULL,
        subject TEXT NOT NULL,
        identity TEXT NOT NULL REFERENCES identities(id) ON DELETE CASCADE,
        PRIMARY KEY (provider, subject)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX logins_by_identity ON logins (identity);
";

/// The identities of a pool.
pub(super) struct Identities {
    database: Database,
}

impl Identities {
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, SetupError> {
        let database = Database::open(file.as_deref(), |transaction, found| {
            match found {
                FORMAT => {}
                0 => {
                    transaction.execute_batch(SETTINGS)?;
                    transaction.execute_batch(TABLES)?;
                }
                _ => return Err(SetupError::File("has a format that this version does not read")),
            }
            Ok(FORMAT)
        })?;
        Ok(Self { database })
    }

    /// The setting's value; made and kept on first use.
    pub(super) fn setting(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, SetupError>,
    ) -> Result<Vec<u8>, SetupError> {
        self.database.setting(name, make)
    }

    /// The identity of these logins, which is `fresh` if none of them has one. All of them are its own from then on.
    pub(super) fn of_logins(&self, logins: &[Login], fresh: &str, now: i64) -> Result<String, ServiceError> {
        self.database.write(|tx| {
            let mut found: Option<String> = None;
            for login in logins {
                if let Some(identity) = owner(tx, login)? {
                    if found.as_ref().is_some_and(|found| *found != identity) {
                        return Err(conflict());
                    }
                    found = Some(identity);
                }
            }
            let identity = match found {
                Some(identity) => identity,
                None => {
                    tx.execute(
                        "INSERT INTO identities (id, created_at) VALUES (?1, ?2)",
                        params![fresh, now],
                    )?;
                    fresh.to_owned()
                }
            };
            logins.iter().try_for_each(|login| link(tx, login, &identity))?;
            Ok(identity)
        })
    }

    /// The identity that somebody with these logins acts as who names this one: this one, if it is theirs.
    ///
    /// A guest who signs in keeps the identity, unless they have one from an earlier sign-in: then that is theirs, and the guest's is gone.
    pub(super) fn admit(&self, identity: &str, logins: &[Login]) -> Result<String, ServiceError> {
        self.database.write(|tx| {
            if !tx.prepare_cached("SELECT 1 FROM identities WHERE id = ?1")?.exists([identity])? {
                return Err(ServiceError::new(Exception::ResourceNotFound, "Identity was not found."));
            }
            let is_member =
                tx.prepare_cached("SELECT 1 FROM logins WHERE identity = ?1")?.exists([identity])?;
            if is_member && logins.is_empty() {
                return Err(ServiceError::not_authorized("Access to Identity is forbidden."));
            }
            let owners = logins.iter().map(|login| owner(tx, login)).collect::<Result<Vec<_>, _>>()?;
            let mut known = owners.into_iter().flatten();
            let theirs = match (known.next(), is_member) {
                (None, true) => return Err(not_theirs()),
                (None, false) => identity.to_owned(),
                (Some(theirs), _) if known.any(|other| other != theirs) => return Err(conflict()),
                (Some(theirs), true) if theirs != identity => return Err(not_theirs()),
                (Some(theirs), false) => {
                    tx.execute("DELETE FROM identities WHERE id = ?1", [identity])?;
                    theirs
                }
                (Some(theirs), true) => theirs,
            };
            logins.iter().try_for_each(|login| link(tx, login, &theirs))?;
            Ok(theirs)
        })
    }
}

fn owner(connection: &Connection, login: &Login) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT identity FROM logins WHERE provider = ?1 AND subject = ?2")?
        .query_row(params![login.provider, login.subject], |row| row.get(0))
        .optional()
}

fn link(connection: &Connection, login: &Login, identity: &str) -> Result<(), ServiceError> {
    connection.execute(
        "INSERT OR IGNORE INTO logins (provider, subject, identity) VALUES (?1, ?2, ?3)",
        params![login.provider, login.subject, identity],
    )?;
    Ok(())
}

fn not_theirs() -> ServiceError {
    ServiceError::not_authorized(
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    )
}

fn conflict() -> ServiceError {
    ServiceError::new(Exception::ResourceConflict, "The logins belong to more than one identity.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(subject: &str) -> Login {
        Login { provider: "p".to_owned(), subject: subject.to_owned(), ..Login::default() }
    }

    #[test]
    fn an_identity_is_that_of_its_logins_and_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("identities.sqlite"));
        let identities = Identities::open(file.clone()).unwrap();
        assert_eq!(identities.of_logins(&[login("ada")], "1", 0).unwrap(), "1");
        assert_eq!(identities.of_logins(&[login("bob")], "2", 0).unwrap(), "2");
        drop(identities);
        let identities = Identities::open(file).unwrap();
        assert_eq!(identities.of_logins(&[login("ada")], "3", 0).unwrap(), "1");
        assert_eq!(identities.of_logins(&[login("ada"), login("eda")], "3", 0).unwrap(), "1");
        assert_eq!(identities.of_logins(&[login("eda")], "3", 0).unwrap(), "1");
        let error = identities.of_logins(&[login("ada"), login("bob")], "3", 0).unwrap_err();
        assert_eq!(error.exception, Exception::ResourceConflict);
    }

    #[test]
    fn an_identity_is_open_to_those_who_have_signed_in_to_it() {
        let identities = Identities::open(None).unwrap();
        let guest = identities.of_logins(&[], "guest", 0).unwrap();
        let ada = identities.of_logins(&[login("ada")], "ada", 0).unwrap();
        let outcome = |identity: &str, logins: &[Login]| {
            identities.admit(identity, logins).map_err(|error| error.exception)
        };
        let theirs = |identity: &str| Ok(identity.to_owned());
        assert_eq!(outcome("nobody", &[]), Err(Exception::ResourceNotFound));
        assert_eq!(outcome(&ada, &[]), Err(Exception::NotAuthorized));
        assert_eq!(outcome(&ada, &[login("bob")]), Err(Exception::NotAuthorized));
        assert_eq!(outcome(&ada, &[login("ada")]), theirs("ada"));
        assert_eq!(outcome(&guest, &[]), theirs("guest"));
        assert_eq!(outcome(&guest, &[login("bob")]), theirs("guest"), "a guest signs in");
        assert_eq!(outcome(&guest, &[]), Err(Exception::NotAuthorized), "and is no guest any more");
        assert_eq!(outcome(&guest, &[login("ada")]), Err(Exception::NotAuthorized));
        assert_eq!(outcome(&guest, &[login("ada"), login("bob")]), Err(Exception::ResourceConflict));
        let second = identities.of_logins(&[], "second", 0).unwrap();
        assert_eq!(outcome(&second, &[login("ada")]), theirs("ada"), "ada has an identity already");
        assert_eq!(outcome(&second, &[]), Err(Exception::ResourceNotFound), "and the guest's is gone");
        assert_eq!(identities.of_logins(&[login("bob")], "new", 0).unwrap(), guest);
    }
}
