// What the page does in the browser itself: views, theme, language, conversations, small comforts.
// No library, no other host. Our buttons carry in data- attributes what they mean; `wire` makes a
// click a gradio event. Text from outside is only ever set as textContent.
(() => {
  const root = document.documentElement;
  const beside = matchMedia('(min-width: 901px)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const box = () => document.querySelector('#question textarea');

  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* blocked */ } };

  // -- language: a cookie, for the server draws the words
  const cookie = /(?:^|; )youju-language=(zh|en)/.exec(document.cookie);
  const tags = [...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  const language = cookie ? cookie[1] : tags.find((tag) => tag === 'zh' || tag === 'en') || 'zh';
  root.lang = language === 'zh' ? 'zh-Hans' : 'en';
  const speak = (wanted) => {
    document.cookie = `youju-language=${wanted}; path=/; max-age=31536000; SameSite=Lax`;
    location.reload();
  };

  // -- theme: the system's until the reader says otherwise; gradio sets its class when it mounts
  const isDark = () => (stored('youju.theme') || (dark.matches ? 'dark' : 'light')) === 'dark';
  const paint = () => {
    if (document.body.classList.contains('dark') !== isDark()) {
      document.body.classList.toggle('dark', isDark());
    }
    root.style.colorScheme = isDark() ? 'dark' : 'light';
  };
  addEventListener('DOMContentLoaded', () => {
    paint();
    new MutationObserver(paint).observe(document.body, {attributeFilter: ['class']});
  });
  dark.addEventListener('change', paint);

  // -- views: #articles and #evaluation can be linked to
  const view = () => {
    const named = location.hash.slice(1);
    root.dataset.view = ['articles', 'evaluation'].includes(named) ? named : 'chat';
    for (const link of document.querySelectorAll('#header nav a')) {
      if (link.hash === `#${root.dataset.view}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    delete root.dataset.drawer;
  };
  addEventListener('hashchange', () => { view(); scrollTo(0, 0); });
  view();

  // -- Enter that confirms a word of an input method must not send the question. Chromium reports
  // such a key with isComposing or keyCode 229; Safari ends the composition just before the key.
  let composing = false;
  addEventListener('compositionstart', () => { composing = true; }, true);
  addEventListener('compositionend', () => { setTimeout(() => { composing = false; }); }, true);
  for (const type of ['keydown', 'keypress']) addEventListener(type, (event) => {
    if (event.key === 'Enter' && (composing || event.isComposing || event.keyCode === 229)) {
      event.stopImmediatePropagation();
    }
  }, true);
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    delete root.dataset.drawer;
    document.querySelector('.turn.pending .stop')?.click();
  });

  // -- conversations: one key each, so that two tabs do not write over each other's
  const TALK = 'youju.talk.';
  const MOST = 200; // conversations kept
  const talks = () => Object.keys(localStorage).filter((key) => key.startsWith(TALK)).map((key) => {
    try { return {key, ...JSON.parse(localStorage.getItem(key))}; } catch { return {key, at: 0}; }
  }).sort((one, other) => other.at - one.at);
  const current = () => sessionStorage.getItem('youju.current') || '';
  const forget = (key) => { localStorage.removeItem(key); };
  const keep = (value) => {
    if (!value) return;
    const {id, turns} = JSON.parse(value);
    if (!id || !turns.length) return;
    sessionStorage.setItem('youju.current', id);
    const before = JSON.parse(stored(TALK + id) || '{}').value;
    if (before === value) { list(); return; } // opened, not asked: it keeps its place
    const record = JSON.stringify({title: turns[0].question.slice(0, 80), at: Date.now(), value});
    for (const old of talks().slice(MOST)) forget(old.key);
    for (;;) {
      try { localStorage.setItem(TALK + id, record); break; } catch {
        const others = talks().filter((talk) => talk.key !== TALK + id);
        if (!others.length) break; // full with this one alone
        forget(others.at(-1).key);
      }
    }
    list();
  };
  const list = () => {
    const nav = document.querySelector('.talks');
    if (!nav) return;
    const rows = talks().map((talk) => {
      const row = document.createElement('li');
      const open = document.createElement('button');
      open.type = 'button';
      open.className = 'talk';
      open.dataset.talk = talk.key;
      open.textContent = talk.title || '…';
      open.dir = 'auto';
      if (talk.key === TALK + current()) open.setAttribute('aria-current', 'true');
      const drop = document.createElement('button');
      drop.type = 'button';
      drop.className = 'forget';
      drop.dataset.drop = talk.key;
      drop.textContent = '×';
      drop.setAttribute('aria-label', `${nav.dataset.label}: ${talk.title || '…'}`);
      drop.title = nav.dataset.forget;
      row.append(open, drop);
      return row;
    });
    nav.querySelector('ul').replaceChildren(...rows);
    nav.querySelector('.none').hidden = rows.length > 0;
  };
  addEventListener('storage', list);

  // -- the evidence: beside the chat it scrolls to the sentence at once, below it when asked to
  let asked = false;
  const reveal = () => {
    const mark = document.getElementById('evidence');
    if (mark && (asked || beside.matches)) mark.scrollIntoView({block: 'center'});
  };
  const back = () => {
    const turns = document.querySelectorAll('.turn');
    if (turns.length) turns[turns.length - 1].scrollIntoView({block: 'start'});
  };

  // -- what is drawn anew loses the keyboard's place: it is given back
  let place = '';
  const remember = (button) => {
    const data = Object.entries(button.dataset).filter(([name]) => name !== 'copy');
    const holder = button.closest('[id]');
    place = (holder ? `#${CSS.escape(holder.id)} ` : '') + button.localName
      + data.map(([name, value]) => `[data-${name}="${CSS.escape(value)}"]`).join('');
  };
  const refocus = () => {
    if (document.activeElement === document.body && place) {
      document.querySelector(place)?.focus({preventScroll: true});
    }
  };

  const copy = async (button) => {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not allowed, or no https: the old way
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    const words = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = words; }, 1500);
  };

  // Once for each press: a second halt runs after the first, and stopped what was asked by then. A
  // picture that was under way when its answer was stopped may come last: it is halted again.
  let halting = 0;
  let stopped = 0; // turns, with the one that was stopped
  const halted = () => { clearInterval(halting); halting = 0; };
  const halt = (trigger) => {
    const turns = () => document.querySelectorAll('.turn').length;
    if (halting && stopped === turns()) return;
    halted();
    stopped = turns();
    let left = 5;
    halting = setInterval(() => {
      const again = document.querySelector('.turn.pending') && stopped === turns();
      if (again && left--) trigger('halt', {}); else halted();
    }, 1000);
    trigger('halt', {});
  };
  const ask = (trigger, question) => {
    halted();
    location.hash = '#chat';
    trigger('ask', {question});
  };
  const looked = () => document.querySelector('.search input')?.value ?? '';
  const click = (trigger, button) => {
    const data = button.dataset;
    if ('copy' in data) copy(button);
    else if ('back' in data) back();
    else if ('theme' in data) { store('youju.theme', isDark() ? 'light' : 'dark'); paint(); }
    else if ('language' in data) speak(data.language);
    else if ('drawer' in data) root.toggleAttribute('data-drawer');
    else if ('ask' in data) ask(trigger, data.ask);
    else if ('open' in data) {
      asked = true;
      remember(button);
      reveal();
      trigger('open', {turn: +data.turn, key: data.open, raw: data.raw === '1'});
    } else if ('retry' in data) { halted(); trigger('again', {turn: +data.retry}); }
    else if ('stop' in data) halt(trigger);
    else if ('judge' in data) {
      remember(button);
      trigger('judge', {turn: +data.turn, verdict: data.judge});
    } else if ('gold' in data) trigger('gold', {turn: +data.gold});
    else if ('new' in data) { sessionStorage.removeItem('youju.current'); fresh(trigger); }
    else if ('talk' in data) {
      const {id} = JSON.parse(JSON.parse(localStorage.getItem(data.talk)).value);
      sessionStorage.setItem('youju.current', id);
      location.hash = '#chat';
      delete root.dataset.drawer;
      trigger('talk', {talk: JSON.parse(localStorage.getItem(data.talk)).value});
      list();
    } else if ('drop' in data) {
      forget(data.drop);
      if (data.drop === TALK + current()) {
        sessionStorage.removeItem('youju.current');
        fresh(trigger);
      }
      list();
    } else if ('act' in data) { // what the other views offer
      if (data.sure && !button.classList.contains('sure')) {
        const words = button.textContent;
        button.classList.add('sure');
        button.textContent = data.sure;
        setTimeout(() => { button.classList.remove('sure'); button.textContent = words; }, 4000);
      } else {
        remember(button);
        trigger('act', {...data, query: looked()});
      }
    }
  };
  const fresh = (trigger) => {
    halted();
    location.hash = '#chat';
    delete root.dataset.drawer;
    trigger('fresh', {});
    list();
    if (beside.matches) box()?.focus();
  };

  const wire = (element, trigger) => {
    element.addEventListener('click', (event) => {
      const button = event.target.closest('button[type=button]');
      if (button && element.contains(button)) click(trigger, button);
    });
    // an answer that grows is drawn anew between press and release: a click would never come
    element.addEventListener('pointerdown', (event) => {
      if (event.target.closest('[data-stop]')) halt(trigger);
    });
    element.addEventListener('submit', (event) => {
      event.preventDefault();
      const form = event.target;
      const fields = {};
      for (const [name, value] of new FormData(form)) (fields[name] ??= []).push(value);
      trigger(form.dataset.form || 'note', {...form.dataset, fields});
      if ('note' in form.dataset) form.replaceChildren(form.dataset.noted);
    });
  };

  // -- uploads: one file after the other, named and counted; what cannot be taken is told at once
  const uploads = (element, trigger, upload) => {
    const zone = () => element.querySelector('.add');
    const tell = (words) => { zone().querySelector('.uploading').textContent = words; };
    const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const refusal = (file, {kinds, megabytes, tooLarge, wrongKind}) => {
      if (!kinds.split(' ').some((kind) => file.name.toLowerCase().endsWith(kind))) return wrongKind;
      return file.size > megabytes * 2 ** 20 ? fill(tooLarge, {size: megabytes}) : '';
    };
    const send = async (chosen, folder) => {
      const data = zone().dataset;
      let files = [...chosen];
      if (folder) files = files.filter((file) => !refusal(file, {...data, megabytes: Infinity}));
      if (files.length > +data.files) {
        tell(fill(data.tooMany, {count: data.files, given: files.length}));
        return;
      }
      const sent = [];
      const refused = [];
      for (const [done, file] of files.entries()) {
        tell(fill(data.uploading, {done, total: files.length}));
        const name = file.webkitRelativePath || file.name;
        let why = refusal(file, data);
        if (!why) {
          try { sent.push({path: (await upload(file)).path, name}); } catch (error) {
            why = `${data.uploadFailed} (${error.message || error})`;
          }
        }
        if (why) refused.push(`${name}: ${why}`);
      }
      tell(refused.join('; '));
      if (sent.length) trigger('upload', {files: sent, query: looked()});
    };
    element.addEventListener('click', (event) => {
      const pick = event.target.closest('[data-pick]');
      if (pick) zone().querySelector(`input[name=${pick.dataset.pick}]`).click();
    });
    element.addEventListener('change', (event) => {
      if (event.target.type !== 'file') return;
      send(event.target.files, event.target.name === 'folder');
      event.target.value = '';
    });
    element.addEventListener('dragover', (event) => {
      if (zone()?.contains(event.target)) { event.preventDefault(); zone().classList.add('over'); }
    });
    element.addEventListener('dragleave', () => zone()?.classList.remove('over'));
    element.addEventListener('drop', (event) => {
      if (!zone()?.contains(event.target)) return;
      event.preventDefault();
      zone().classList.remove('over');
      send(event.dataTransfer.files, false);
    });
    let typing;
    element.addEventListener('input', (event) => {
      if (event.target.type !== 'search') return;
      clearTimeout(typing);
      typing = setTimeout(() => event.target.form.requestSubmit(), 250);
    });
  };
  const read = (element) => {
    const article = element.querySelector('article');
    refocus();
    if (article && !beside.matches) article.scrollIntoView({block: 'start'});
  };

  let last = '';
  const turned = (element) => { // the newest turn moves to the top when it is asked and answered
    const turns = element.querySelectorAll('.turn');
    const newest = turns[turns.length - 1];
    const state = newest ? turns.length + newest.className : '';
    if (newest && state !== last) {
      asked = false;
      newest.scrollIntoView({block: 'start'});
      const said = newest.querySelector('.short, .refusal, .error');
      const told = document.getElementById('told');
      if (told && said) told.textContent = said.textContent;
    }
    last = state;
    refocus();
  };

  window.youju = {
    wire, turned, uploads, read, keep, list, view, ask,
    shown: () => { reveal(); asked = false; refocus(); },
    current: () => {
      const record = stored(TALK + current());
      return record ? JSON.parse(record).value : '';
    },
    visited: (name, trigger) => addEventListener('hashchange', () => {
      if (root.dataset.view === name) trigger('fresh', {});
    }),
    greeted: () => {
      const send = document.querySelector('#question .submit-button'); // gradio gives it no name
      send?.setAttribute('aria-label', language === 'zh' ? '发送' : 'Send');
      view(); list(); paint(); root.dataset.greeted = '';
    },
    focus: () => { if (beside.matches && root.dataset.view === 'chat') box()?.focus(); },
  };
})();
