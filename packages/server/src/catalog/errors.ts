import { StrongroomError } from '@strongroom/base';

/** What can go wrong in the catalog, beside bugs. */
export type CatalogErrorCode =
  'CATALOG_UNREADABLE' | 'CATALOG_TOO_NEW' | 'CATALOG_IN_USE' | 'CATALOG_CONFLICT';

export class CatalogError extends StrongroomError<CatalogErrorCode> {}
