// The library's dependency injection looks for this polyfill when it is loaded, so it comes first.
import 'reflect-metadata';

export * as x509 from '@peculiar/x509';
