use portcullis_trigger::ConfigErrors;

use crate::AttributeMap;

/// See the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The pool that users come from.
    pub old_user_pool_id: String,
    /// A client of that pool.
    pub old_client_id: String,
    /// Which attributes come along.
    pub attributes: AttributeMap,
    /// Users with a second factor that cannot come along lose it instead of staying unknown.
    pub insecure_drop_second_factor: bool,
    /// Users take their addresses from whoever has them as an alias.
    pub insecure_force_alias: bool,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let old_user_pool_id = lookup("OLD_USER_POOL_ID").unwrap_or_default();
        if old_user_pool_id.is_empty() {
            errors.push("OLD_USER_POOL_ID", "is missing: the user pool that users come from");
        } else if region_of(&old_user_pool_id).is_none() {
            errors.push("OLD_USER_POOL_ID", "is no id of a user pool, such as `eu-west-1_AbCdEfGhI`");
        }
        let old_client_id = lookup("OLD_CLIENT_ID").unwrap_or_default();
        if old_client_id.is_empty() {
            errors.push("OLD_CLIENT_ID", "is missing: a client of that pool");
        } else if !old_client_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            errors.push("OLD_CLIENT_ID", "is no id of a client");
        }
        let attributes = lookup("MIGRATED_ATTRIBUTES");
        if attributes.is_none() {
            errors.push("MIGRATED_ATTRIBUTES", "is missing: the attributes that come along");
        }
        let attributes = attributes.as_deref().unwrap_or("email");
        let attributes = AttributeMap::read("MIGRATED_ATTRIBUTES", attributes, &mut errors);
        let mut flag = |variable| match lookup(variable).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                errors.push(variable, "is neither `true` nor `false`");
                false
            }
        };
        let insecure_drop_second_factor = flag("INSECURE_DROP_SECOND_FACTOR");
        let insecure_force_alias = flag("INSECURE_FORCE_ALIAS");
        errors.or(Self {
            old_user_pool_id,
            old_client_id,
            attributes,
            insecure_drop_second_factor,
            insecure_force_alias,
        })
    }

    /// The region of the old pool, which its id begins with.
    #[must_use]
    pub fn old_region(&self) -> &str {
        region_of(&self.old_user_pool_id).unwrap_or_default()
    }
}

fn region_of(user_pool_id: &str) -> Option<&str> {
    let (region, rest) = user_pool_id.split_once('_')?;
    let is_region = region.split('-').count() >= 3
        && region.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    let is_rest = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_region && is_rest).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup).map_err(|errors| errors.to_string())
    }

    const GOOD: [(&str, &str); 3] = [
        ("OLD_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("OLD_CLIENT_ID", "1h57kf5cpq17m0eml12EXAMPLE"),
        ("MIGRATED_ATTRIBUTES", "email,name"),
    ];

    #[test]
    fn the_region_is_the_pools_own() {
        let good = config(&GOOD).unwrap();
        assert_eq!(good.old_region(), "eu-west-1");
        assert!(!good.insecure_drop_second_factor && !good.insecure_force_alias);
        for id in
            ["eu-west-1", "eu-west-1_", "_AbC", "eu_west_1_AbC", "eu-west-1_Ab/C", "EU-WEST-1_AbC", "eu--1_A"]
        {
            let wrong = [("OLD_USER_POOL_ID", id), GOOD[1], GOOD[2]];
            let expected = "OLD_USER_POOL_ID is no id of a user pool, such as `eu-west-1_AbCdEfGhI`";
            assert_eq!(config(&wrong).unwrap_err(), expected, "{id}");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once_and_repeat_no_value() {
        let expected = "OLD_USER_POOL_ID is missing: the user pool that users come from\n\
            OLD_CLIENT_ID is missing: a client of that pool\n\
            MIGRATED_ATTRIBUTES is missing: the attributes that come along";
        assert_eq!(config(&[]).unwrap_err(), expected);
        let mistakes = config(&[
            ("OLD_USER_POOL_ID", "secret"),
            ("OLD_CLIENT_ID", "the secret"),
            ("MIGRATED_ATTRIBUTES", "email,the secret"),
            ("INSECURE_DROP_SECOND_FACTOR", "secret"),
            ("INSECURE_FORCE_ALIAS", "1"),
        ])
        .unwrap_err();
        assert_eq!(mistakes.lines().count(), 5, "{mistakes}");
        assert!(!mistakes.contains("secret"), "{mistakes}");
    }
}
