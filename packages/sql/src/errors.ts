/** Why a tree cannot become a statement. */
export type SqlErrorCode = 'SQL_TOO_DEEP' | 'SQL_TOO_LONG' | 'SQL_BAD_NAME';
