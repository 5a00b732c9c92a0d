// Cognito's wire protocol, as far as the console speaks it.

/** A user pool as the backend describes it. */
export class UserPool {
  constructor({ endpoint, clientId }) {
    this.endpoint = endpoint;
    this.clientId = clientId;
  }

  async call(operation, request) {
    const answer = await fetch(`${this.endpoint}/`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(request),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.message ?? `the user pool answers ${answer.status}`);
    return body;
  }

  signUp(email, password) {
    const UserAttributes = [{ Name: 'email', Value: email }];
    return this.call('SignUp', { ClientId: this.clientId, Username: email, Password: password, UserAttributes });
  }

  confirm(email, code) {
    return this.call('ConfirmSignUp', { ClientId: this.clientId, Username: email, ConfirmationCode: code });
  }

  resend(email) {
    return this.call('ResendConfirmationCode', { ClientId: this.clientId, Username: email });
  }

  /** The tokens. The password goes to the local pool as it is, which a deployed client need not allow. */
  async signIn(email, password) {
    const answer = await this.call('InitiateAuth', {
      ClientId: this.clientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: password },
    });
    if (!answer.AuthenticationResult) {
      throw new Error(`The user pool asks for ${answer.ChallengeName} first, which this page cannot answer.`);
    }
    const { AccessToken, IdToken, RefreshToken } = answer.AuthenticationResult;
    return { access: AccessToken, id: IdToken, refresh: RefreshToken };
  }

  signOut(refresh) {
    return this.call('RevokeToken', { ClientId: this.clientId, Token: refresh });
  }
}
