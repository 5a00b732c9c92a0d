"""The trigger functions in an emulator that was written by others and starts them as Lambda does, driven by boto3.

Called with the name of a case. `EMULATOR_URL` is the emulator, `FUNCTIONS` the folder in which each function is built, as `NAME/bootstrap`.
"""

import base64
import io
import json
import os
import pathlib
import sys
import urllib.parse
import urllib.request
import zipfile

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["EMULATOR_URL"]
FUNCTIONS = pathlib.Path(os.environ["FUNCTIONS"])
REGION = "us-east-1"
TABLE = "records"
PASSWORD = "Correct-horse-1"
CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}


def client(service, endpoint=ENDPOINT):
    return boto3.client(service, endpoint_url=endpoint, **CREDENTIALS)


lambdas, pools, tables = client("lambda"), client("cognito-idp"), client("dynamodb")


def check(what, condition, seen=""):
    assert condition, f"{what}: {seen}"
    print(f"ok: {what}")


def package(name):
    """The deployment package of a function, as AWS Lambda takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, (FUNCTIONS / name / "bootstrap").read_bytes(), compresslevel=1)
    return packed.getvalue()


def function(name, **variables):
    """Uploads a package. The emulator gives a function no more than its own variables, so it is told where AWS is."""
    variables |= {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    made = lambdas.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="bootstrap",
        Timeout=5,
        Code={"ZipFile": package(name)},
        Environment={"Variables": variables},
    )
    return made["FunctionArn"]


def table():
    tables.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def pool(**triggers):
    made = pools.create_user_pool(PoolName="pool", LambdaConfig=triggers)["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = pools.create_user_pool_client(UserPoolId=made, ClientName="app", ExplicitAuthFlows=flows)
    return made, app["UserPoolClient"]["ClientId"]


def sign_up(app, email, pools=pools):
    attributes = [{"Name": "email", "Value": email}]
    return pools.sign_up(ClientId=app, Username=email, Password=PASSWORD, UserAttributes=attributes)


def refusal(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


def sign_in(app, email):
    parameters = {"USERNAME": email, "PASSWORD": PASSWORD}
    return pools.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)[
        "AuthenticationResult"
    ]


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def profile(sub, **attributes):
    item = {"pk": {"S": f"USER#{sub}"}, "sk": {"S": "PROFILE"}} | attributes
    tables.put_item(TableName=TABLE, Item=item)


def pre_sign_up():
    lists = {"DENIED_EMAIL_DOMAINS": "blocked.example", "AUTO_CONFIRM_DOMAINS": "staff.example"}
    _, app = pool(PreSignUp=function("pre-signup", **lists))
    code, message = refusal(lambda: sign_up(app, "mallory@blocked.example"))
    check("a denied domain is refused", code == "UserLambdaValidationException", code)
    check("the refusal has its code", "E_DOMAIN_NOT_ALLOWED" in message, message)
    check("the refusal has no address", "mallory" not in message, message)
    check("others get a code", sign_up(app, "ann@example.com")["UserConfirmed"] is False)
    check("staff need none", sign_up(app, "bob@staff.example")["UserConfirmed"] is True)
    check("and sign in at once", "AccessToken" in sign_in(app, "bob@staff.example"))


def tokens(version):
    table()
    before = function("pre-signup", AUTO_CONFIRM_DOMAINS="example.com")
    settings = {
        "TABLE_NAME": TABLE,
        "TOKEN_CLAIMS": "level,teams",
        "TENANT_CLAIM": "tenant",
        "SUPPRESS_CLAIMS": "nickname",
        "GROUP_SCOPES": "editors=notes/write",
    }
    generate = function("pre-token-generation", **settings)
    if version == "V1_0":
        triggers = {"PreTokenGeneration": generate}
    else:
        triggers = {"PreTokenGenerationConfig": {"LambdaArn": generate, "LambdaVersion": version}}
    user_pool, app = pool(PreSignUp=before, **triggers)
    pools.create_group(UserPoolId=user_pool, GroupName="readers")
    sub = sign_up(app, "ann@example.com")["UserSub"]
    pools.admin_add_user_to_group(UserPoolId=user_pool, Username="ann@example.com", GroupName="readers")

    plain = sign_in(app, "ann@example.com")
    for token in ("IdToken", "AccessToken"):
        said = claims(plain[token])
        check(f"{token} without a profile keeps its groups", said.get("cognito:groups") == ["readers"], said)
        check(f"{token} without a profile has nothing more", "tenant" not in said, said)

    profile(
        sub,
        tenant={"S": "acme"},
        level={"N": "3"},
        teams={"L": [{"S": "red"}]},
        groups={"L": [{"S": "editors"}]},
    )
    named = sign_in(app, "ann@example.com")
    identity, access = claims(named["IdToken"]), claims(named["AccessToken"])
    check("the ID token has the tenant", identity.get("tenant") == "acme", identity)
    if version == "V1_0":
        check("version 1 writes numbers as text", identity.get("level") == "3", identity)
        check("version 1 has no lists", "teams" not in identity, identity)
        check("version 1 leaves the access token alone", "tenant" not in access, access)
        check("groups are added", set(identity["cognito:groups"]) == {"readers", "editors"}, identity)
    else:
        check("numbers stay numbers", identity.get("level") == 3, identity)
        check("lists stay lists", access.get("teams") == ["red"], access)
        check("the access token has the tenant", access.get("tenant") == "acme", access)
        check("a group of the profile gives a scope", "notes/write" in access["scope"].split(), access)


def machine():
    # The function is told of its client when there is one.
    generate = function("pre-token-generation", TABLE_NAME=TABLE)
    user_pool, _ = pool(PreTokenGenerationConfig={"LambdaArn": generate, "LambdaVersion": "V3_0"})
    pools.create_resource_server(
        UserPoolId=user_pool,
        Identifier="notes",
        Name="notes",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
    )
    app = pools.create_user_pool_client(
        UserPoolId=user_pool,
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["notes/write"],
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]
    lambdas.update_function_configuration(
        FunctionName="pre-token-generation",
        Environment={
            "Variables": {
                "TABLE_NAME": TABLE,
                "CLIENT_SCOPES": f"{app['ClientId']}=notes/read",
                "AWS_ENDPOINT_URL": ENDPOINT,
            }
        },
    )
    secret = base64.b64encode(f"{app['ClientId']}:{app['ClientSecret']}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "notes/write"}).encode()
    request = urllib.request.Request(f"{ENDPOINT}/oauth2/token", form, {"Authorization": f"Basic {secret}"})
    said = claims(json.load(urllib.request.urlopen(request))["access_token"])
    scopes = set(said["scope"].split())
    check("a machine gets the scopes of its client", scopes == {"notes/read", "notes/write"}, said)


def post_confirmation():
    """The emulator never calls this trigger. A second one does, and has the first one run the function."""
    other = os.environ["SECOND_URL"]
    table()
    function("post-confirmation", TABLE_NAME=TABLE, ON_ERROR="fail")
    second = client("cognito-idp", other)
    made = second.create_user_pool(PoolName="pool", UsernameAttributes=["email"])["UserPool"]["Id"]
    app = second.create_user_pool_client(UserPoolId=made, ClientName="app")["UserPoolClient"]["ClientId"]
    sub = sign_up(app, "ann@example.com", second)["UserSub"]
    second.confirm_sign_up(ClientId=app, Username="ann@example.com", ConfirmationCode=os.environ["CODE"])
    item = tables.get_item(TableName=TABLE, Key={"pk": {"S": f"USER#{sub}"}, "sk": {"S": "PROFILE"}}).get("Item")
    check("a confirmed user has a profile", item is not None)


CASES = {
    "pre-sign-up": pre_sign_up,
    "tokens-v1": lambda: tokens("V1_0"),
    "tokens-v2": lambda: tokens("V2_0"),
    "tokens-v3": lambda: tokens("V3_0"),
    "machine": machine,
    "post-confirmation": post_confirmation,
}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
