"""boto3 against a running local system: what an administrator and a password client do.

Ends with 1 at the first step that does not do what Amazon Cognito does.
"""

import base64
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

API_URL = os.environ["API_URL"]
POOL_ID = os.environ["POOL_ID"]
CLIENT_ID = os.environ["CLIENT_ID"]
CODE = os.environ["CODE"]
DENIED_DOMAIN = os.environ["DENIED_DOMAIN"]

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=os.environ["POOL_URL"],
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
    config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20),
)

unique = format(int(time.time() * 1000), "x")
clara = f"clara-{unique}@example.com"
david = f"david-{unique}@example.com"
TEMPORARY = "Temporary-Key-1"
FIRST = "Copper-Kettle-18"
SECOND = "Silver-Kettle-19"
THIRD = "Golden-Kettle-20"


def refused(code, call, **parameters):
    """The call must fail with this error code; gives the error's message."""
    try:
        call(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"failed with {found}"
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        return found["Message"]
    raise AssertionError(f"was accepted, {code} was expected")


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def sign_in(username, password):
    answer = cognito.initiate_auth(
        ClientId=CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]


def password_refused(username, password):
    message = refused(
        "NotAuthorizedException",
        cognito.initiate_auth,
        ClientId=CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    assert message == "Incorrect username or password.", message


def api(method, path, token=None, body=None):
    """The status and the JSON of an API call."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API_URL + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def attributes(user, name="Attributes"):
    return {attribute["Name"]: attribute["Value"] for attribute in user[name]}


def the_pool_and_its_client_describe_themselves():
    pool = cognito.describe_user_pool(UserPoolId=POOL_ID)["UserPool"]
    assert pool["Id"] == POOL_ID, pool
    client = cognito.describe_user_pool_client(UserPoolId=POOL_ID, ClientId=CLIENT_ID)
    assert client["UserPoolClient"]["ClientId"] == CLIENT_ID, client
    refused("ResourceNotFoundException", cognito.describe_user_pool, UserPoolId="us-east-1_Nowhere12")


def a_refused_domain_cannot_sign_up():
    username = f"mallory-{unique}@{DENIED_DOMAIN}"
    message = refused(
        "UserLambdaValidationException",
        cognito.sign_up,
        ClientId=CLIENT_ID,
        Username=username,
        Password=FIRST,
        UserAttributes=[{"Name": "email", "Value": username}],
    )
    assert message.startswith("PreSignUp failed with error "), message
    assert username not in message, message


def an_administrator_creates_a_user():
    user = cognito.admin_create_user(
        UserPoolId=POOL_ID,
        Username=clara,
        TemporaryPassword=TEMPORARY,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": clara},
            {"Name": "email_verified", "Value": "true"},
        ],
    )["User"]
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD", user
    assert user["Enabled"] is True, user
    found = attributes(user)
    assert found["email"] == clara and found["sub"], found
    refused("UsernameExistsException", cognito.admin_create_user, UserPoolId=POOL_ID, Username=clara)


def the_first_sign_in_asks_for_a_new_password():
    password_refused(clara, FIRST)
    for initiate, flow in [
        (cognito.initiate_auth, "USER_PASSWORD_AUTH"),
        (lambda **rest: cognito.admin_initiate_auth(UserPoolId=POOL_ID, **rest), "ADMIN_USER_PASSWORD_AUTH"),
    ]:
        challenge = initiate(
            ClientId=CLIENT_ID,
            AuthFlow=flow,
            AuthParameters={"USERNAME": clara, "PASSWORD": TEMPORARY},
        )
        assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
        assert "AuthenticationResult" not in challenge, "tokens were given before the password was changed"
    answer = dict(
        ClientId=CLIENT_ID,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
    )
    refused(
        "InvalidPasswordException",
        cognito.respond_to_auth_challenge,
        ChallengeResponses={"USERNAME": clara, "NEW_PASSWORD": "weak"},
        **answer,
    )
    result = cognito.respond_to_auth_challenge(
        ChallengeResponses={"USERNAME": clara, "NEW_PASSWORD": FIRST},
        **answer,
    )["AuthenticationResult"]
    assert claims(result["AccessToken"])["token_use"] == "access"
    assert result["TokenType"] == "Bearer" and result["ExpiresIn"] > 0, sorted(result)
    user = cognito.admin_get_user(UserPoolId=POOL_ID, Username=clara)
    assert user["UserStatus"] == "CONFIRMED", user["UserStatus"]
    password_refused(clara, TEMPORARY)


def an_administrator_sets_a_password():
    cognito.admin_set_user_password(UserPoolId=POOL_ID, Username=clara, Password=SECOND, Permanent=True)
    password_refused(clara, FIRST)
    assert sign_in(clara, SECOND)["AccessToken"]
    refused(
        "UserNotFoundException",
        cognito.admin_set_user_password,
        UserPoolId=POOL_ID,
        Username=f"nobody-{unique}@example.com",
        Password=SECOND,
        Permanent=True,
    )
    password_refused(f"nobody-{unique}@example.com", SECOND)


def a_user_signs_up_and_an_administrator_confirms():
    signed_up = cognito.sign_up(
        ClientId=CLIENT_ID,
        Username=david,
        Password=FIRST,
        UserAttributes=[{"Name": "email", "Value": david}],
    )
    assert signed_up["UserConfirmed"] is False, signed_up
    refused(
        "UserNotConfirmedException",
        cognito.initiate_auth,
        ClientId=CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": david, "PASSWORD": FIRST},
    )
    cognito.admin_confirm_sign_up(UserPoolId=POOL_ID, Username=david)
    assert claims(sign_in(david, FIRST)["IdToken"])["sub"] == signed_up["UserSub"]


def groups_reach_the_next_token():
    group = f"testers-{unique}"
    made = cognito.create_group(UserPoolId=POOL_ID, GroupName=group, Precedence=7)["Group"]
    assert (made["GroupName"], made["Precedence"]) == (group, 7), made
    refused("GroupExistsException", cognito.create_group, UserPoolId=POOL_ID, GroupName=group)
    assert group in [each["GroupName"] for each in cognito.list_groups(UserPoolId=POOL_ID)["Groups"]]

    for _ in range(2):  # Doing it again changes nothing and is no error.
        cognito.admin_add_user_to_group(UserPoolId=POOL_ID, Username=clara, GroupName=group)
    of_clara = cognito.admin_list_groups_for_user(UserPoolId=POOL_ID, Username=clara)["Groups"]
    assert [each["GroupName"] for each in of_clara].count(group) == 1, of_clara
    tokens = sign_in(clara, SECOND)
    for token in ["AccessToken", "IdToken"]:
        assert group in claims(tokens[token])["cognito:groups"], token

    cognito.admin_remove_user_from_group(UserPoolId=POOL_ID, Username=clara, GroupName=group)
    assert group not in claims(sign_in(clara, SECOND)["AccessToken"]).get("cognito:groups", [])
    refused(
        "ResourceNotFoundException",
        cognito.admin_add_user_to_group,
        UserPoolId=POOL_ID,
        Username=clara,
        GroupName=f"none-{unique}",
    )


def users_are_listed_by_filters():
    sub = attributes(cognito.admin_get_user(UserPoolId=POOL_ID, Username=clara), "UserAttributes")["sub"]
    for query, expected in [
        (f'email = "{clara}"', [clara]),
        (f'email ^= "clara-{unique}"', [clara]),
        (f'sub = "{sub}"', [clara]),
        (f'email = "nobody-{unique}@example.com"', []),
    ]:
        users = cognito.list_users(UserPoolId=POOL_ID, Filter=query)["Users"]
        assert [attributes(user)["email"] for user in users] == expected, query
    confirmed = cognito.list_users(UserPoolId=POOL_ID, Filter='cognito:user_status = "CONFIRMED"')["Users"]
    assert {clara, david} <= {attributes(user)["email"] for user in confirmed}
    refused("InvalidParameterException", cognito.list_users, UserPoolId=POOL_ID, Filter="email ~ 1 or 1=1")

    first = cognito.list_users(UserPoolId=POOL_ID, Limit=1)
    assert len(first["Users"]) == 1 and first["PaginationToken"], first
    second = cognito.list_users(UserPoolId=POOL_ID, Limit=1, PaginationToken=first["PaginationToken"])
    assert second["Users"][0]["Username"] != first["Users"][0]["Username"]


def a_user_changes_their_own_account():
    access = sign_in(clara, SECOND)["AccessToken"]
    cognito.update_user_attributes(AccessToken=access, UserAttributes=[{"Name": "name", "Value": "Clara"}])
    assert attributes(cognito.get_user(AccessToken=access), "UserAttributes")["name"] == "Clara"
    refused(
        "NotAuthorizedException",
        cognito.change_password,
        AccessToken=access,
        PreviousPassword=FIRST,
        ProposedPassword=THIRD,
    )
    cognito.change_password(AccessToken=access, PreviousPassword=SECOND, ProposedPassword=THIRD)
    password_refused(clara, SECOND)
    assert sign_in(clara, THIRD)["AccessToken"]


def a_forgotten_password_is_replaced_with_a_code():
    cognito.forgot_password(ClientId=CLIENT_ID, Username=clara)
    wrong = "000001" if CODE == "000000" else "000000"
    reset = dict(ClientId=CLIENT_ID, Username=clara, Password=SECOND)
    refused("CodeMismatchException", cognito.confirm_forgot_password, ConfirmationCode=wrong, **reset)
    cognito.confirm_forgot_password(ConfirmationCode=CODE, **reset)
    password_refused(clara, THIRD)
    assert sign_in(clara, SECOND)["AccessToken"]


def the_api_knows_who_owns_what():
    of_clara, of_david = sign_in(clara, SECOND)["AccessToken"], sign_in(david, FIRST)["AccessToken"]
    status, note = api("POST", "/notes", of_clara, {"title": "Order paper"})
    assert status == 201, (status, note)
    path = f"/notes/{note['id']}"
    assert api("GET", path, of_clara) == (200, note)
    status, listed = api("GET", "/notes", of_clara)
    assert (status, [each["id"] for each in listed["items"]]) == (200, [note["id"]]), listed
    assert api("GET", path)[0] == 401
    assert api("GET", path, of_david)[0] == 404
    assert api("DELETE", path, of_david)[0] == 404
    assert api("GET", "/notes", of_david)[1]["items"] == []
    assert api("DELETE", path, of_clara)[0] == 204
    assert api("GET", path, of_clara)[0] == 404


def refresh_revoke_and_sign_out():
    tokens = sign_in(clara, SECOND)
    refresh = tokens["RefreshToken"]
    by_flow = dict(
        ClientId=CLIENT_ID,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": refresh},
    )
    fresh = cognito.initiate_auth(**by_flow)["AuthenticationResult"]
    assert claims(fresh["AccessToken"])["sub"] == claims(tokens["AccessToken"])["sub"]
    assert "RefreshToken" not in fresh, "this flow gives no new refresh token"
    fresh = cognito.get_tokens_from_refresh_token(ClientId=CLIENT_ID, RefreshToken=refresh)
    assert fresh["AuthenticationResult"]["IdToken"]

    cognito.revoke_token(ClientId=CLIENT_ID, Token=refresh)
    refused("NotAuthorizedException", cognito.initiate_auth, **by_flow)
    refused("NotAuthorizedException", cognito.get_user, AccessToken=tokens["AccessToken"])

    tokens = sign_in(clara, SECOND)
    cognito.global_sign_out(AccessToken=tokens["AccessToken"])
    refused("NotAuthorizedException", cognito.get_user, AccessToken=tokens["AccessToken"])
    refused(
        "NotAuthorizedException",
        cognito.get_tokens_from_refresh_token,
        ClientId=CLIENT_ID,
        RefreshToken=tokens["RefreshToken"],
    )


def users_are_deleted():
    access = sign_in(david, FIRST)["AccessToken"]
    cognito.delete_user(AccessToken=access)
    password_refused(david, FIRST)
    cognito.admin_delete_user(UserPoolId=POOL_ID, Username=clara)
    refused("UserNotFoundException", cognito.admin_get_user, UserPoolId=POOL_ID, Username=clara)


for step in [
    the_pool_and_its_client_describe_themselves,
    a_refused_domain_cannot_sign_up,
    an_administrator_creates_a_user,
    the_first_sign_in_asks_for_a_new_password,
    an_administrator_sets_a_password,
    a_user_signs_up_and_an_administrator_confirms,
    groups_reach_the_next_token,
    users_are_listed_by_filters,
    a_user_changes_their_own_account,
    a_forgotten_password_is_replaced_with_a_code,
    the_api_knows_who_owns_what,
    refresh_revoke_and_sign_out,
    users_are_deleted,
]:
    try:
        step()
    except Exception:
        print(f"FAILED  {step.__name__.replace('_', ' ')}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(1)
    print(f"ok  {step.__name__.replace('_', ' ')}", flush=True)
