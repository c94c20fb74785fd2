declare const brand: unique symbol;

/** A value of type `Base` that only the function which checked it can make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
