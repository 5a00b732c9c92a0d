//! How AWS writes with what somebody has signed in.

use portcullis::SignIns;

use super::login::Login;

/// `cognito-identity.amazonaws.com:amr` of somebody with these logins; of a guest without any.
pub(super) fn amr(logins: &[Login]) -> Vec<String> {
    if logins.is_empty() {
        return vec!["unauthenticated".to_owned()];
    }
    let mut words = vec!["authenticated".to_owned()];
    for login in logins {
        let kind = if login.provider.starts_with("cognito-idp.") { "CognitoSignIn" } else { "OIDC" };
        words.push(login.provider.clone());
        words.push(format!("{}:{kind}:{}", login.provider, login.subject));
    }
    words
}

/// The `sub` of the user of this user pool, read as it is where AWS tells it.
pub(super) fn user_of(amr: &[String], user_pool_id: &str) -> Option<String> {
    let sign_ins = SignIns::from_amr(amr.iter().map(String::as_str)).ok()?;
    sign_ins.user_of(user_pool_id).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(provider: &str, subject: &str) -> Login {
        Login { provider: provider.to_owned(), subject: subject.to_owned(), ..Login::default() }
    }

    #[test]
    fn a_user_of_the_pool_is_known_by_their_sub_and_nobody_else_is() {
        let pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Local";
        let other = "arn:aws:iam::000000000000:oidc-provider/id.example.com";
        for (logins, expected) in [
            (vec![login(pool, "ada")], Some("ada")),
            (vec![login(other, "ada")], None),
            (vec![login(pool, "ada"), login(other, "eve")], None),
            (vec![login("cognito-idp.us-east-1.amazonaws.com/us-east-1_Other", "ada")], None),
            (vec![], None),
        ] {
            let words = amr(&logins);
            assert_eq!(user_of(&words, "us-east-1_Local").as_deref(), expected, "{words:?}");
        }
        assert_eq!(amr(&[login(pool, "ada")])[1..], [pool.to_owned(), format!("{pool}:CognitoSignIn:ada")]);
    }
}
