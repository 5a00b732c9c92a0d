//! The operations: a table of what the pool can do, who may ask for it, and which members a request may have.

mod admin_users;
mod custom_auth;
mod decrypt;
mod describe;
mod groups;
mod list_users;
mod migration;
mod new_password;
mod page;
mod passwords;
mod profile;
mod providers;
mod refresh;
mod sign_in;
mod sign_up;
mod srp_sign_in;

use serde_json::Value;

pub(crate) use self::{refresh::refresh, sign_in::sign_in_by_password};
use crate::pool::{call::Call, error::ServiceError};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, web pages included: Cognito asks for no AWS credentials either.
    Public,
    /// Whoever is on this machine; Cognito asks for AWS credentials.
    Administrator,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    /// The members of its request in Cognito's API, those included that mean nothing here.
    pub(crate) members: &'static [&'static str],
    pub(crate) run: fn(&Call<'_>) -> Result<Value, ServiceError>,
}

impl Operation {
    /// The operation of an `X-Amz-Target`: of the user pool, or of AWS KMS, which stands beside it.
    pub(crate) fn of_target(target: &str) -> Option<&'static Self> {
        match target.split_once('.')? {
            ("AWSCognitoIdentityProviderService", name) => Self::named(name),
            ("TrentService", name) => KEY_OPERATIONS.iter().find(|operation| operation.name == name),
            _ => None,
        }
    }

    /// The operation of the user pool of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }
}

const fn public(
    name: &'static str,
    run: fn(&Call<'_>) -> Result<Value, ServiceError>,
    members: &'static [&'static str],
) -> Operation {
    Operation { name, access: Access::Public, members, run }
}

const fn administrator(
    name: &'static str,
    run: fn(&Call<'_>) -> Result<Value, ServiceError>,
    members: &'static [&'static str],
) -> Operation {
    Operation { name, access: Access::Administrator, members, run }
}

/// What may be asked of the pool's stand-in for AWS KMS.
static KEY_OPERATIONS: &[Operation] = &[administrator(
    "Decrypt",
    decrypt::decrypt,
    &["CiphertextBlob", "EncryptionContext", "GrantTokens", "KeyId", "EncryptionAlgorithm"],
)];

pub(crate) static OPERATIONS: &[Operation] = &[
    public(
        "SignUp",
        sign_up::sign_up,
        &[
            "ClientId",
            "SecretHash",
            "Username",
            "Password",
            "UserAttributes",
            "ValidationData",
            "AnalyticsMetadata",
            "UserContextData",
            "ClientMetadata",
        ],
    ),
    public(
        "ConfirmSignUp",
        sign_up::confirm_sign_up,
        &[
            "ClientId",
            "SecretHash",
            "Username",
            "ConfirmationCode",
            "ForceAliasCreation",
            "AnalyticsMetadata",
            "UserContextData",
            "ClientMetadata",
            "Session",
        ],
    ),
    public(
        "ResendConfirmationCode",
        sign_up::resend_confirmation_code,
        &["ClientId", "SecretHash", "UserContextData", "Username", "AnalyticsMetadata", "ClientMetadata"],
    ),
    public(
        "InitiateAuth",
        sign_in::initiate_auth,
        &[
            "AuthFlow",
            "AuthParameters",
            "ClientMetadata",
            "ClientId",
            "AnalyticsMetadata",
            "UserContextData",
            "Session",
        ],
    ),
    public(
        "RespondToAuthChallenge",
        sign_in::respond_to_auth_challenge,
        &[
            "ClientId",
            "ChallengeName",
            "Session",
            "ChallengeResponses",
            "AnalyticsMetadata",
            "UserContextData",
            "ClientMetadata",
        ],
    ),
    public(
        "GetTokensFromRefreshToken",
        refresh::get_tokens_from_refresh_token,
        &["RefreshToken", "ClientId", "ClientSecret", "DeviceKey", "ClientMetadata"],
    ),
    public(
        "RevokeToken",
        refresh::revoke_token,
        &["Token", "ClientId", "ClientSecret", "RevokeAssociatedSessions"],
    ),
    public("GlobalSignOut", refresh::global_sign_out, &["AccessToken"]),
    public("GetUser", profile::get_user, &["AccessToken"]),
    public(
        "UpdateUserAttributes",
        profile::update_user_attributes,
        &["UserAttributes", "AccessToken", "ClientMetadata"],
    ),
    public(
        "GetUserAttributeVerificationCode",
        profile::get_user_attribute_verification_code,
        &["AccessToken", "AttributeName", "ClientMetadata"],
    ),
    public("VerifyUserAttribute", profile::verify_user_attribute, &["AccessToken", "AttributeName", "Code"]),
    public("DeleteUser", profile::delete_user, &["AccessToken"]),
    public(
        "ChangePassword",
        passwords::change_password,
        &["PreviousPassword", "ProposedPassword", "AccessToken"],
    ),
    public(
        "ForgotPassword",
        passwords::forgot_password,
        &["ClientId", "SecretHash", "UserContextData", "Username", "AnalyticsMetadata", "ClientMetadata"],
    ),
    public(
        "ConfirmForgotPassword",
        passwords::confirm_forgot_password,
        &[
            "ClientId",
            "SecretHash",
            "Username",
            "ConfirmationCode",
            "Password",
            "AnalyticsMetadata",
            "UserContextData",
            "ClientMetadata",
        ],
    ),
    administrator(
        "AdminInitiateAuth",
        sign_in::admin_initiate_auth,
        &[
            "UserPoolId",
            "ClientId",
            "AuthFlow",
            "AuthParameters",
            "ClientMetadata",
            "AnalyticsMetadata",
            "ContextData",
            "Session",
        ],
    ),
    administrator(
        "AdminRespondToAuthChallenge",
        sign_in::admin_respond_to_auth_challenge,
        &[
            "UserPoolId",
            "ClientId",
            "ChallengeName",
            "ChallengeResponses",
            "Session",
            "AnalyticsMetadata",
            "ContextData",
            "ClientMetadata",
        ],
    ),
    administrator(
        "AdminCreateUser",
        admin_users::admin_create_user,
        &[
            "UserPoolId",
            "Username",
            "UserAttributes",
            "ValidationData",
            "TemporaryPassword",
            "ForceAliasCreation",
            "MessageAction",
            "DesiredDeliveryMediums",
            "ClientMetadata",
        ],
    ),
    administrator(
        "AdminConfirmSignUp",
        admin_users::admin_confirm_sign_up,
        &["UserPoolId", "Username", "ClientMetadata"],
    ),
    administrator(
        "AdminSetUserPassword",
        admin_users::admin_set_user_password,
        &["UserPoolId", "Username", "Password", "Permanent"],
    ),
    administrator(
        "AdminUpdateUserAttributes",
        admin_users::admin_update_user_attributes,
        &["UserPoolId", "Username", "UserAttributes", "ClientMetadata"],
    ),
    administrator("AdminGetUser", admin_users::admin_get_user, &["UserPoolId", "Username"]),
    administrator("AdminDeleteUser", admin_users::admin_delete_user, &["UserPoolId", "Username"]),
    administrator("AdminDisableUser", admin_users::admin_disable_user, &["UserPoolId", "Username"]),
    administrator("AdminEnableUser", admin_users::admin_enable_user, &["UserPoolId", "Username"]),
    administrator(
        "AdminUserGlobalSignOut",
        admin_users::admin_user_global_sign_out,
        &["UserPoolId", "Username"],
    ),
    administrator(
        "AdminLinkProviderForUser",
        providers::admin_link_provider_for_user,
        &["UserPoolId", "DestinationUser", "SourceUser"],
    ),
    administrator(
        "AdminDisableProviderForUser",
        providers::admin_disable_provider_for_user,
        &["UserPoolId", "User"],
    ),
    administrator(
        "ListUsers",
        list_users::list_users,
        &["UserPoolId", "AttributesToGet", "Limit", "PaginationToken", "Filter"],
    ),
    administrator(
        "CreateGroup",
        groups::create_group,
        &["GroupName", "UserPoolId", "Description", "RoleArn", "Precedence"],
    ),
    administrator("ListGroups", groups::list_groups, &["UserPoolId", "Limit", "NextToken"]),
    administrator(
        "AdminAddUserToGroup",
        groups::admin_add_user_to_group,
        &["UserPoolId", "Username", "GroupName"],
    ),
    administrator(
        "AdminRemoveUserFromGroup",
        groups::admin_remove_user_from_group,
        &["UserPoolId", "Username", "GroupName"],
    ),
    administrator(
        "AdminListGroupsForUser",
        groups::admin_list_groups_for_user,
        &["Username", "UserPoolId", "Limit", "NextToken"],
    ),
    administrator("ListUserPools", describe::list_user_pools, &["NextToken", "MaxResults"]),
    administrator("DescribeUserPool", describe::describe_user_pool, &["UserPoolId"]),
    administrator(
        "ListUserPoolClients",
        describe::list_user_pool_clients,
        &["UserPoolId", "MaxResults", "NextToken", "ClientType"],
    ),
    administrator("DescribeUserPoolClient", describe::describe_user_pool_client, &["UserPoolId", "ClientId"]),
];
