//! What is asked of whoever deploys, and what is refused before anything is made.

use std::collections::BTreeSet;

use portcullis_tests::{Stack, Template, references};
use serde_json::{Map, Value};

use crate::texts;

#[test]
fn each_parameter_is_described_asked_for_in_a_group_and_used() {
    let template = Template::read().unwrap();
    let declared: BTreeSet<&str> =
        template.at("/Parameters").as_object().unwrap().keys().map(String::as_str).collect();
    for parameter in &declared {
        let description = template.at(&format!("/Parameters/{parameter}/Description")).as_str();
        assert!(description.is_some_and(|it| it.ends_with('.')), "{parameter} is not described");
        assert!(
            !template.at(&format!("/Parameters/{parameter}/Default")).is_null(),
            "{parameter} has no default"
        );
    }

    let groups = template.at("/Metadata/AWS::CloudFormation::Interface/ParameterGroups");
    let grouped: Vec<&str> =
        groups.as_array().unwrap().iter().flat_map(|group| texts(&group["Parameters"])).collect();
    assert_eq!(grouped.len(), declared.len(), "a parameter is in two groups");
    assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), declared);

    let mut used = BTreeSet::new();
    for section in ["/Conditions", "/Globals", "/Resources", "/Outputs"] {
        used.extend(references(template.at(section)));
    }
    let unused: Vec<_> = declared.iter().filter(|it| !used.contains(**it)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Values that cannot be deployed, and what is said of them.
const REFUSED: [(&[(&str, &str)], &str); 23] = [
    (&[("UserPoolTier", "LITE")], "TokenVersion V2_0 and V3_0 need the UserPoolTier ESSENTIALS or PLUS."),
    (
        &[("UserPoolTier", "LITE"), ("TokenVersion", "V3_0")],
        "TokenVersion V2_0 and V3_0 need the UserPoolTier ESSENTIALS or PLUS.",
    ),
    (&[("ClientScopes", "c=api/read")], "ClientScopes need the TokenVersion V3_0."),
    (&[("LinkPolicy", "link"), ("Providers", "Google")], "LinkPolicy needs Providers and LinkProviders."),
    (
        &[("LinkPolicy", "native"), ("LinkProviders", "Google")],
        "LinkPolicy needs Providers and LinkProviders.",
    ),
    (
        &[
            ("LinkPolicy", "link"),
            ("Providers", "Google"),
            ("LinkProviders", "Google"),
            ("AutoVerifyEmail", "true"),
        ],
        "AutoVerifyEmail cannot be had with a LinkPolicy.",
    ),
    (
        &[("CodeSignIn", "true"), ("MfaConfiguration", "OFF")],
        "SenderAddress and SenderIdentity belong together, and CodeSignIn needs both.",
    ),
    (
        &[("SenderAddress", "a@example.com")],
        "SenderAddress and SenderIdentity belong together, and CodeSignIn needs both.",
    ),
    (
        &[("CodeSignIn", "true"), ("SenderAddress", "a@example.com"), ("SenderIdentity", "example.com")],
        "CodeSignIn needs MfaConfiguration OFF, for whoever signs in by a code is not asked for a second factor.",
    ),
    (&[("OidcIssuer", "https://issuer.example")], "OidcIssuer needs OidcAudiences."),
    (&[("OldUserPoolId", "eu-west-1_a")], "OldUserPoolId needs OldClientId and MigratedAttributes."),
    (
        &[("SignInDomainName", "a.example"), ("SignInCertificateArn", "arn"), ("DomainPrefix", "a")],
        "DomainPrefix and SignInDomainName exclude each other.",
    ),
    (&[("SignInDomainName", "a.example")], "SignInDomainName needs SignInCertificateArn."),
    (&[("ExistingSignInDomain", "a.example")], "ExistingSignInDomain needs ExistingUserPoolId."),
    (
        &[
            ("ExistingSignInDomain", "a.example"),
            ("ExistingUserPoolId", "eu-west-1_a"),
            ("DomainPrefix", "a"),
        ],
        "ExistingSignInDomain excludes DomainPrefix and SignInDomainName.",
    ),
    (&[("ApiDomainName", "api.example")], "ApiDomainName needs ApiCertificateArn."),
    (
        &[("GoogleClientId", "g")],
        "Social and company sign-in and the MachineClient need DomainPrefix, SignInDomainName or ExistingSignInDomain.",
    ),
    (
        &[("MachineClient", "true")],
        "Social and company sign-in and the MachineClient need DomainPrefix, SignInDomainName or ExistingSignInDomain.",
    ),
    (&[("AppleClientId", "a"), ("DomainPrefix", "a")], "AppleClientId needs AppleTeamId and AppleKeyId."),
    (
        &[("OidcProviderName", "Corp"), ("DomainPrefix", "a"), ("OidcProviderIssuer", "https://a.example")],
        "OidcProviderName needs OidcProviderIssuer and OidcProviderClientId.",
    ),
    (&[("SamlProviderName", "Corp"), ("DomainPrefix", "a")], "SamlProviderName needs SamlMetadataUrl."),
    (&[("Guests", "true"), ("IdentityPool", "false")], "Guests need the IdentityPool."),
    (
        &[("FacebookClientId", "f"), ("AmazonClientId", "a")],
        "Social and company sign-in and the MachineClient need DomainPrefix, SignInDomainName or ExistingSignInDomain.",
    ),
];

#[test]
fn what_could_not_work_is_refused_with_its_reason_before_anything_is_made() {
    let template = Template::read().unwrap();
    assert_eq!(Stack::new(&template, &[]).unwrap().refusals().unwrap(), [""; 0], "the defaults");
    for (values, expected) in REFUSED {
        let refusals = Stack::new(&template, values).unwrap().refusals().unwrap();
        assert_eq!(refusals, [expected], "{values:?}");
    }
    let described: BTreeSet<&str> = template
        .at("/Rules")
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .flat_map(|rule| rule["Assertions"].as_array().unwrap())
        .filter_map(|assertion| assertion.get("AssertDescription").and_then(Value::as_str))
        .collect();
    assert_eq!(REFUSED.map(|(_, expected)| expected).into_iter().collect::<BTreeSet<_>>(), described);
}
