import { useEffect, useState } from 'react';

export type ThemeChoice = 'system' | 'light' | 'dark';
const choices: readonly ThemeChoice[] = ['system', 'light', 'dark'];
const storageKey = 'strongroom.theme';

/** The user's choice of theme, and whether what is shown is dark. */
export function useTheme(): {
  readonly choice: ThemeChoice;
  readonly dark: boolean;
  readonly choose: (choice: ThemeChoice) => void;
} {
  const [choice, setChoice] = useState<ThemeChoice>(
    () => choices.find((one) => one === localStorage.getItem(storageKey)) ?? 'system',
  );
  const [systemDark, setSystemDark] = useState(
    () => matchMedia('(prefers-color-scheme: dark)').matches,
  );
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => setSystemDark(media.matches);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  useEffect(() => {
    if (choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = choice;
  }, [choice]);
  return {
    choice,
    dark: choice === 'system' ? systemDark : choice === 'dark',
    choose: (next) => {
      setChoice(next);
      localStorage.setItem(storageKey, next);
    },
  };
}
