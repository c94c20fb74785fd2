/**
 * What we use of `pkcs11js`. It is an optional dependency, compiled where it is installed; so it may
 * not be there, and our sources must compile all the same.
 */
declare module 'pkcs11js' {
  type Handle = Buffer;
  type Template = { type: number; value: number | string | boolean | Buffer }[];

  interface Mechanism {
    mechanism: number;
    parameter?: { type: number; iv: Buffer; aad: Buffer; ivBits: number; tagBits: number };
  }

  export class PKCS11 {
    load(path: string): void;
    C_Initialize(): void;
    C_GetSlotList(tokenPresent: boolean): Handle[];
    C_GetTokenInfo(slot: Handle): { label: string };
    C_OpenSession(slot: Handle, flags: number): Handle;
    C_CloseSession(session: Handle): void;
    C_Login(session: Handle, userType: number, pin: string): void;
    C_FindObjectsInit(session: Handle, template: Template): void;
    C_FindObjects(session: Handle, most: number): Handle[];
    C_FindObjectsFinal(session: Handle): void;
    C_GenerateKey(session: Handle, mechanism: Mechanism, template: Template): Handle;
    C_DestroyObject(session: Handle, object: Handle): void;
    C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
    C_Encrypt(session: Handle, input: Buffer, output: Buffer): Buffer;
    C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
    C_Decrypt(session: Handle, input: Buffer, output: Buffer): Buffer;
  }

  export const CKA_CLASS: number;
  export const CKA_DECRYPT: number;
  export const CKA_ENCRYPT: number;
  export const CKA_EXTRACTABLE: number;
  export const CKA_KEY_TYPE: number;
  export const CKA_LABEL: number;
  export const CKA_SENSITIVE: number;
  export const CKA_TOKEN: number;
  export const CKA_VALUE_LEN: number;
  export const CKF_RW_SESSION: number;
  export const CKF_SERIAL_SESSION: number;
  export const CKK_AES: number;
  export const CKM_AES_GCM: number;
  export const CKM_AES_KEY_GEN: number;
  export const CKO_SECRET_KEY: number;
  export const CKU_USER: number;
  export const CK_PARAMS_AES_GCM: number;
}
