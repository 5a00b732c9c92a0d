use portcullis_data::{ConnectOptions, Profiles, Table, connect};
use portcullis_directory::UserGroups;
use portcullis_trigger::ConfigErrors;

/// What a new user gets; see the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of the profiles.
    pub table_name: String,
    /// The groups that users get.
    pub groups: UserGroups,
    /// What a failure means for the user.
    pub on_error: OnError,
}

/// What a failure means for the user, who is confirmed either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// It is logged, and they go on.
    Continue,
    /// They see an error.
    Fail,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let table_name = lookup("TABLE_NAME").unwrap_or_default();
        if table_name.trim().is_empty() {
            errors.push("TABLE_NAME", "is missing");
        }
        let groups = UserGroups::from_env(&lookup, &mut |variable, problem| errors.push(variable, problem));
        let on_error = match lookup("ON_ERROR").as_deref() {
            None | Some("continue") => OnError::Continue,
            Some("fail") => OnError::Fail,
            Some(_) => {
                errors.push("ON_ERROR", "is neither `continue` nor `fail`");
                OnError::Fail
            }
        };
        errors.or(Self { table_name, groups, on_error })
    }

    /// The profiles in the configured table at AWS. Nothing is called before the first event.
    pub fn profiles(&self) -> Profiles {
        self.profiles_in(Table::new(connect(&ConnectOptions::aws()), self.table_name.clone()))
    }

    /// The profiles in another table, with the first user told apart if there is a group for them.
    pub fn profiles_in(&self, table: Table) -> Profiles {
        Profiles::new(table).elect_admin(self.groups.first_user.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup).map_err(|errors| errors.to_string())
    }

    #[test]
    fn only_the_table_is_needed() {
        let expected =
            Config { table_name: "t".into(), groups: UserGroups::default(), on_error: OnError::Continue };
        assert_eq!(config(&[("TABLE_NAME", "t")]), Ok(expected));
    }

    #[test]
    fn everything_can_be_set() {
        let variables = [
            ("TABLE_NAME", "t"),
            ("DEFAULT_GROUP", "users, readers"),
            ("FIRST_USER_GROUP", "admins"),
            ("ON_ERROR", "fail"),
        ];
        let expected = Config {
            table_name: "t".into(),
            groups: UserGroups {
                every_user: vec!["users".into(), "readers".into()],
                first_user: Some("admins".into()),
            },
            on_error: OnError::Fail,
        };
        assert_eq!(config(&variables), Ok(expected));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let variables =
            [("DEFAULT_GROUP", "users,two words"), ("FIRST_USER_GROUP", ""), ("ON_ERROR", "ignore")];
        let expected = "TABLE_NAME is missing\n\
            DEFAULT_GROUP entry 2 is no group's name: 1 to 128 characters without blanks\n\
            FIRST_USER_GROUP is no group's name: 1 to 128 characters without blanks\n\
            ON_ERROR is neither `continue` nor `fail`";
        assert_eq!(config(&variables).unwrap_err(), expected);
    }
}
