"""The words rules look for, in both languages, by group.

Whole words only. They are written as people write them and folded once (ä as ae, ß as ss), as the text is.
"""

from __future__ import annotations

_WORDS: dict[str, str] = {
    # Programming languages and what is named like nothing else.
    "language": "python python3 pytest junit javascript typescript kotlin golang php perl haskell bash"
    " zsh powershell html html5 css css3 sass scss sql mysql postgresql postgres sqlite plsql graphql"
    " c++ cpp c# f# matlab lua erlang clojure fortran cobol vba verilog vhdl numpy pandas jquery"
    " reactjs vue vue.js react.js next.js node.js nodejs django fastapi sqlalchemy laravel symfony"
    " xaml jsx tsx svelte webpack wasm .net dotnet asp.net three.js d3.js express.js tensorflow"
    " pytorch keras opencv matplotlib scikit sklearn qt pyqt tkinter c89 c99 c11",
    # Languages and products that are also something else.
    "language_soft": "java rust ruby swift scala julia shell pascal delphi assembly assembler basic lisp"
    " prolog oracle spring flask excel arduino unity unreal wordpress shopify bootstrap tailwind rails"
    " kafka jest cypress steam airflow unix linux ubuntu debian fedora android windows macos ios react"
    " angular solidity dart latex elixir yarn curl tar cd eclipse",
    "command": "ps grep egrep sed awk chmod chown sudo ls mkdir rmdir rm cp mv scp rsync ssh sftp wget"
    " gzip gunzip bzip2 xz unzip systemctl journalctl crontab cron cronjob iptables nftables ufw"
    " apt-get dpkg pacman yum dnf flatpak npm npx pnpm pip pip3 pipx conda virtualenv venv git docker"
    " podman kubectl xargs ifconfig nslookup netstat lsof nmap tcpdump traceroute tmux vim nvim emacs"
    " cmake gcc clang gdb valgrind strace htop stdin stdout stderr ffmpeg imagemagick mkfs fdisk lsblk"
    " fstab ldap openssl gpg regedit cmd wsl cargo rustc javac gradle maven mvn nginx apache2ctl jq"
    " ansible terraform vagrant getent pidof pkill killall nohup useradd usermod passwd",
    "command_soft": "make top dig snap brew nano composer cargo helm apt find cat sort cut head tail"
    " less more touch",
    "tool": "arduino esp gpio uart firmware microcontroller mikrocontroller docker kubernetes k8s github"
    " gitlab bitbucket mongodb redis nginx apache jenkins"
    " elasticsearch rabbitmq mariadb firebase supabase postman openapi ansible terraform selenium"
    " pytest junit eslint vite gradle prometheus grafana json yaml yml toml xml csv tsv svg utf utf-8"
    " ascii base64 md5 sha256 sha1 jwt oauth http https tcp udp smtp imap dns url urls uri api apis"
    " crud orm mvc sdk ide cli gui oop regex regexp regexes cron grpc websocket websockets ajax ssl"
    " tls vpn ipv4 ipv6 vlan cidr localhost raid nfs samba smb lvm zfs ext4 iso usb uuid guid gpu cuda"
    " ram chocolatey homebrew vscode xcode intellij jupyter colab heroku aws azure ec2 s3 vmware"
    " virtualbox bluetooth pdf pdfs jpg jpeg png gif mp3 mp4 wav zip mkv",
    "noun": "algorithm algorithms algorithmus algorithmen array arrays dataframe dataframes subarray"
    " substring substrings boolean booleans integer integers int ints float floats tuple tuples"
    " hashmap hashtable linkedlist stacktrace traceback nullpointer nullpointerexception segfault"
    " compiler interpreter debugger endpoint endpoints backend frontend middleware refactoring"
    " unittest unittests linter dropdown webserver webhook webhooks localhost username usernames"
    " subdirectory subdirectories subfolder hostname filename filenames symlink symlinks metadata"
    " codebase changelog commit commits repo repos repository repositories pull-request merge-request"
    " deployment deployments kubeconfig dockerfile makefile cronjob cronjobs daemon daemons bugfix"
    " getter setter destructor recursion rekursion enum enums struct structs pointer pointers zeiger"
    " typedef callback callbacks closure closures async mutex semaphore semaphor deadlock"
    " multithreading concurrency goroutine goroutines iterator iterators comprehension comprehensions"
    " lambda regular-expression queryset subquery datentyp datentypen datenstruktur datenstrukturen"
    " datenbankabfrage schleife schleifen quelltext quellcode programmcode pseudocode sourcecode"
    " timestamp timestamps localstorage useeffect usestate checkbox textbox div iframe navbar"
    " stylesheet stylesheets webpage namespace namespaces subnet quicksort mergesort heapsort"
    " bubblesort parser lexer tokenizer serializer stdlib runtime exe dll jar checksum prüfsumme"
    " checksums playbook playbooks kommandozeile befehlszeile eingabeaufforderung umgebungsvariable"
    " umgebungsvariablen mountpoint mountpoints argv argc void null nil nullptr boolescher bool str"
    " vec malloc sizeof printf println vlookup sverweis xlookup pivottabelle pagination autocomplete"
    " crawler scraper webscraper chatbot discord-bot screenreader plugin plugins backtick stringify"
    " lowercase uppercase kleinbuchstaben großbuchstaben leetcode readme gitignore zip-datei tarball"
    " logfile logfiles unicode bytecode bitwise xor bytes byte postfix permutationsfunktion"
    " spreadsheet microservice microservices serverless schema schemas datetime cors csrf xss dhcp ntp"
    " snmp saml oidc sso idp totp bios firmware grub systemd wayland x11 gnome kde hypervisor qemu kvm"
    " proxmox inode inodes hardlink hardlinks filesystem dateisystem rootfs adb apk codec bitrate fps"
    " markdown bibtex submodule submodules lockfile pypi formatter breakpoint breakpoints profiler"
    " payload viewport keystore keyring dbus repl undefined nan uptime",
    # Words of the trade that mean something in daily life, too: they need company.
    # What mostly means the trade.
    "noun_mid": "query queries abfrage abfragen thread threads cache heap strings zeichenkette"
    " zeichenketten string variable variables variablen parameter parameters loop loops script scripts"
    " skript skripte server servers client clients database databases datenbank datenbanken software"
    " app apps directory directories verzeichnis verzeichnisse verzeichnissen folder folders ordner"
    " file files datei dateien login password passwort browser framework dataset programming"
    " programmieren programmierung object objects exception exceptions queue polymorphism polymorphie"
    " decorator decorators dekorator await wlan wifi firewall router proxy hash hashes dict dicts"
    " snapshot snapshots pod pods dependency dependencies abhängigkeit abhängigkeiten artifact"
    " artifacts diff patch patches upstream gateway emulator thumbnail thumbnails benutzerkonto"
    " benutzeraccount screenshot screenshots konsole console",
    "noun_soft": "code codes coding function functions funktion funktionen class classes klasse klassen"
    " method methods methode methoden program programs programm programme application applications"
    " anwendung list lists liste listen table tables tabelle tabellen column columns spalte spalten"
    " row rows zeile zeilen argument arguments argumente process processes prozess prozesse prozessen"
    " port ports version versions versionen user users benutzer nutzer package packages paket pakete"
    " command commands befehl befehle kommando terminal log logs logfile protokoll path paths pfad"
    " pfade key keys schlüssel token tokens session sitzung permission permissions berechtigung"
    " berechtigungen zugriffsrechte host hosts domain domains netzwerk network interface interfaces"
    " schnittstelle schnittstellen connection verbindung verbindungen certificate zertifikat container"
    " image images abbild branch branches zweig memory stack tree trees node nodes graph hash index"
    " indices indizes output input ausgabe eingabe archive archiv backup sicherung module modules"
    " modul library libraries bibliothek component komponente button formular form template vorlage"
    " element elements elemente objekt objekte instance instanz ausnahme error errors fehler"
    " fehlermeldung fehlercode bug bugs debug test tests format formate configuration konfiguration"
    " config konfigurationsdatei setting settings einstellungen option options optionen flag flags"
    " line lines text texts character characters zeichen word words wörter digit digits ziffern device"
    " devices gerät geräte disk festplatte partition laufwerk display window windows fenster desktop"
    " screen link links page pages cell cells zelle zellen sheet record records datensatz datensätze"
    " field fields feld felder data daten service services dienst dienste job jobs task tasks id ids"
    " ip header headers request requests response anfrage prompt shell root admin group gruppe groups"
    " owner besitzer release tag tags palindrome palindrom fibonacci primzahl primzahlen prime primes"
    " anagram anagramm matrix api-key bit bits number numbers zahl zahlen value values wert werte type"
    " types typ typen property properties attribute attribut project projekt source target build"
    " deploy plot diagramm chart histogram histogramm icon dokument document documents tabulator"
    " tabulatoren tab tabs bildschirm drucker printer mailserver speicherplatz platz download"
    " downloads upload uploads url-parameter simulator kernel treiber driver bot layout font"
    " css-klasse pixel event events listener workflow pipeline cluster status help hilfe registry"
    " modus mode boot booten startup manpage delay speicher helligkeit brightness video videos audio"
    " inheritance vererbung generator generators promise partitionen constructor konstruktor"
    " dictionary dictionaries website websites homepage webseite webseiten mail mails email ordnung"
    " statistik statistics metrics symbol hardware ram tastatur keyboard maus mouse signal signals"
    " variable-name eintrag einträge entry entries prozessor ausführung execution quelle quellen"
    " adresse adressen address addresses",
    # What is done with them, as people order it.
    "make": "write create implement develop build generate make construct define schreibe schreib"
    " schreiben erstelle erstell erstellen implementiere implementieren implementier entwickle"
    " entwickeln programmiere programmier programmieren baue bau generiere generieren mach mache"
    " erzeuge erzeugen füge definiere entwirf konstruiere design modelliere designe",
    "infinitive": "umwandeln entfernen ersetzen sortieren zusammenführen löschen kopieren auslesen"
    " einlesen speichern anzeigen ausgeben zählen filtern auflisten ausführen ändern suchen hinzufügen"
    " einrichten verschieben starten neustarten beenden verbinden einfügen trennen aufteilen"
    " zusammenfügen machen bauen schreiben lesen erstellen installieren konfigurieren prüfen testen"
    " aktualisieren setzen laden öffnen schließen vergleichen finden drehen umdrehen runden teilen"
    " herunterladen hochladen umbenennen verschlüsseln entschlüsseln entpacken packen abfangen"
    " aufrufen übergeben abrufen auswerten parsen mergen debuggen einbinden ausblenden einblenden"
    " sperren aktivieren deaktivieren zuweisen erzeugen generieren abfragen durchsuchen stoppen"
    " mounten einhängen",
    "my": "my our mein meine meinen meinem meiner unser unsere unseren this diese dieser diesen dieses"
    " folgende folgenden",
    "now": "currently gerade derzeit momentan running laufende laufenden installed installiert"
    " installierte installierten angemeldet angemeldete belegt belegen lauscht listening verfügbare"
    " verfügbaren available",
    "made": "database datenbank function funktion program programm script skript class klasse code app"
    " application method methode query abfrage component komponente bot website webseite software"
    " module modul library game spiel-app macro makro",
    "sql": "select insert update delete create alter drop group order join",
    "act_strong": "refactor debug debugge debuggen compile compiling kompiliere kompilieren deploy"
    " deploye parse parsing parsen instantiate iterate iterating iterieren iteriere concatenate"
    " concatenating serialize deserialize encode decode dekodiere kodiere implement implementing"
    " implementiere implementieren recursively rekursiv refaktorisiere refaktoriere programmiere grep"
    " unzip entpacke mount unmount mounte mounten reboot ssh ping pipe redirect uninstall"
    " deinstalliere install installiere installieren append truncate override overload overwrite"
    " überschreibe initialize initialise initialisiere rebase merge cherry-pick push stash clone klone"
    " klonen gemerget pushen commiten committen auskommentieren tokenize sanitize vectorize hardcode"
    " autoscale alphabetize subscribe unsubscribe lemmatize scrape scrapen einloggen ausloggen login"
    " logout hochladen herunterladen formatiere formatieren komprimiere komprimieren entpacken"
    " extrahiere verschlüssele entschlüssele synchronisiere aktualisiere dekomprimiere überwache"
    " zeilenweise asynchron rename umbenennen convert konvertiere konvertieren parsed mounted"
    " recursive",
    "act": "access add adjust apply archive assign attach backup bind block browse build calculate call"
    " cancel capture cast change check clean clear close collect combine compress compute concatenate"
    " configure connect control copy count create customize decompress decrement decrypt define delete"
    " detach detect disable disconnect disown display download draw dump duplicate echo edit emulate"
    " enable encrypt ensure erase exclude execute exit expand export expose extract fetch filter find"
    " fix flatten force format forward generate get group hide highlight ignore import include"
    " increment index initialize insert inspect invert invoke join keep kill launch limit list listen"
    " load locate lock log lookup loop make manage map mark match measure merge mirror modify monitor"
    " mount move navigate obtain open order output override overwrite pack pass pause pipe plot pop"
    " preserve prevent print provide publish purge push put query quit rank read record recover"
    " recurse redirect refresh register release reload remove rename repeat replace report resize"
    " resolve restart restore resume retrieve return reverse revert rewrite rotate round run save"
    " scale scan schedule search select send serve set setup show shuffle shut sign simulate skip"
    " slice sort specify split start step stop store strip submit subtract suppress swap switch sync"
    " terminate test toggle trace track transform traverse trigger trim truncate turn unlock unpack"
    " unset update upgrade upload use validate verify view wait watch wrap zip",
    "act_german": "aktiviere anzeigen archiviere auflisten aufteilen ausführen ausgeben auslesen"
    " bearbeite beende beenden begrenze belege benenne beobachte bereinige beschränke binde blende"
    " blockiere bündle deaktiviere drehe drucke durchsuche einfügen einlesen einrichten empfange"
    " entbinde entferne entfernen entschlüssle entsperre entziehe erfasse erhalte erlaube ersetze"
    " ersetzen erstelle erzeuge erzwinge filtere filtern finde fordere frage füge führe gebe generiere"
    " gewähre gib greife gruppiere hebe hinzufügen hole hänge invertiere kehre klone konfiguriere"
    " kopiere kopieren kündige kürze lade lasse lausche leere lege lies liste logge lösche löschen"
    " mache melde mische miss mounte neustarten nimm nutze packe prüfe registriere richte rufe runde"
    " scanne schalte schau schließe schneide schreibe sende setze sichere sieh sortiere sortieren"
    " speichere speichern sperre spiegle spiele springe starte starten stelle stoppe suche suchen"
    " tausche teile teste trenne trennen töte umwandeln unterdrücke validiere verarbeite verberge"
    " verbiete verbinde verbinden verfolge vergleiche vergrößere verkette verkleinere verlinke"
    " verschiebe verschieben verschlüssle verstecke verwende veröffentliche wandle warte wechsle weise"
    " wiederhole zeichne zeig zeige zerlege ziehe zusammenfügen zusammenführen zähle zählen ändere"
    " ändern öffne überprüfe überspringe übertrage erhöhe verringere reduziere erweitere ermittle",
    # Mathematics.
    "maths": "equation equations gleichung gleichungen gleichungssystem integral integrals integrale"
    " derivative derivatives ableitung ableitungen antiderivative stammfunktion theorem theorems"
    " polynomial polynom polynomials eigenvalue eigenvalues eigenwert eigenwerte eigenvector"
    " odds nullstelle nullstellen probability probabilities wahrscheinlichkeit logarithm logarithmus"
    " logarithms hypotenuse"
    " triangle triangles dreieck dreiecks dreiecke trapezoid rhombus parallelogram quadrilateral"
    " circumference umfang diameter durchmesser radius circumcircle vertex vertices asymptote binomial"
    " modulo prime-factor divisor divisors teiler divisible teilbar coefficient koeffizient"
    " koeffizienten remainder quotient irrational rational trigonometric cosine sine tangent sinus"
    " kosinus tangens vektor vektoren vector vectors matrices determinant determinante bijection"
    " bijective injective surjective isomorphism isomorphic homomorphism topology manifold cyclic"
    " zyklisch abelian convergent converges converge konvergiert diverges grenzwert supremum infimum"
    " continuous stetig stetige differentiable differenzierbar permutation permutations permutationen"
    " combinations kombination variance varianz median standardabweichung deviation erwartungswert"
    " arithmetic geometric factorial fakultät fraction fractions bruch brüche numerator denominator"
    " zähler nenner quadratic quadratische quadratischen inequality ungleichung wurzel perimeter"
    " parabola parabel ellipse hyperbola cuboid quader prism cylinder zylinder kegel pyramide cube"
    " würfels impulse momentum velocity geschwindigkeit beschleunigung acceleration friction reibung"
    " kinetic voltage resistor capacitance spannung widerstand wavelength wellenlänge stoichiometry"
    " molarity mol moles enthalpy entropy lemma corollary conjecture induction induktion contradiction"
    " widerspruch euclidean euklidische euklidisch pythagoras pythagorean bayes markov laplace fourier"
    " differential differentialgleichung nash payoff lottery zinsen zinseszins discount rabatt"
    " diagonal diagonale tangente kreises rechtecks rectangle rechteck quadrats prime primes primzahl"
    " primzahlen innenwinkel handshakes händedrücke",
    "maths_soft": "sum summe product produkt difference differenz area fläche flächeninhalt volume"
    " volumen angle winkel average durchschnitt durchschnittlich durchschnittliche percent percentage"
    " prozent ratio verhältnis height höhe width breite length länge speed distance entfernung strecke"
    " total gesamt insgesamt times twice thrice double triple doppelt dreifach dreimal zweimal viermal"
    " fünfmal half hälfte halb third drittel quarter viertel dozen dutzend remaining rest remains left"
    " übrig each every per je jede jeder jedes jeden pro altogether together zusammen equally"
    " gleichmäßig dice würfel coin coins münze münzen cards number numbers zahl zahlen maximum minimum"
    " maximal minimal value wert root formula formel proof integer even odd positive negative digit"
    " digits mal fewer weniger more mehr cost costs kostet kosten price preis paid bezahlt earns"
    " verdient profit gewinn salary combined mean mittelwert square quadrat circle kreis sphere kugel"
    " mass masse force kraft energy energie gravity temperature temperatur graph set function funktion",
    "maths_act": "prove solve calculate compute derive simplify factorize factorise differentiate"
    " integrate beweise beweis löse berechne berechnen bestimme vereinfache faktorisiere integriere"
    " differenziere ermittle ermitteln evaluate determine solving estimate schätze rechne",
    # Analysis and essays.
    "analyse": "explain describe discuss analyze analyse compare contrast evaluate assess critique"
    " interpret elaborate argue outline examine justify reflect investigate explore propose formulate"
    " illustrate summarize erkläre erklär erklären erläutere erläutern beschreibe beschreiben"
    " diskutiere diskutieren analysiere analysieren vergleiche vergleichen bewerte bewerten beurteile"
    " interpretiere interpretieren erörtere erörtern begründe begründen argumentiere untersuche"
    " skizziere veranschauliche reflektiere nehmen hinterfrage wäge abwägen abzuwägen widerlege refute"
    " disprove skizzieren beurteilen schildere"
    " schildern consider berücksichtige bedenke denke kritisiere criticise criticize argumentieren",
    "how": "how wie",
    "trouble": "crash crashes crashed crashing fails failed failing throws broken stuck hangs freezes"
    " wrong slow meldet wirft abgestürzt absturz stürzt hängt fehlgeschlagen schlägt kaputt langsam"
    " falsch blockiert lädt startet",
    "plan": "design plan develop outline propose entwirf entwerfe entwerfen plane planen entwickle"
    " entwickeln konzipiere",
    "affect": "affect affects affected influence influences influenced impact impacts change changes"
    " changed shape shapes shaped contribute contributes contributed help helps relate relates differ"
    " differs interact interacts work works lead leads led respond form forms formed use improve"
    " evolve balance reflect determine determines distinguish promote combat address adapt spread"
    " cause regulate beeinflussen beeinflusst beeinflusste wirken wirkt wirkte verändern verändert"
    " veränderte funktioniert funktionieren unterscheiden unterscheidet hängen hängt tragen trägt"
    " entstehen entsteht prägen prägt geprägt vereinbaren fördern verbessern bekämpfen lösen"
    " regulieren regelt beitragen umgehen schützen nutzen ändern reagieren zusammenhängen",
    "analyse_noun": "implication implications consequence consequences impact impacts influence"
    " influences advantage advantages disadvantage disadvantages pros cons drawbacks benefits ethics"
    " ethical moral factors strategy strategies significance importance relationship relationships"
    " causes perspective perspectives arguments theory theories concept concepts framework challenges"
    " approaches criticism essay thesis analysis hypothesis trade-offs implikationen konsequenz"
    " konsequenzen auswirkung auswirkungen folgen einfluss einflüsse vorteile nachteile vor- faktoren"
    " strategie strategien bedeutung wichtigkeit beziehungen beziehung ursachen ursache perspektive"
    " perspektiven argumente theorie theorien konzept konzepte herausforderungen ansätze kritik"
    " aufsatz these analyse hypothese ethik ethische ethischen moralische moralisch zusammenhang"
    " zusammenhänge gesichtspunkte symbolik symbolism motif metaphor reasoning evidence plan roadmap"
    " business-plan geschäftsplan marketingstrategie dilemma paradox paradoxon gegenüberstellung"
    " szenario scenario norms etiquette customs pitfalls correlation korrelation insights lesson-plan"
    " unterrichtsstunde curriculum lehrplan chancen risiken risks opportunities kriterien criteria"
    " principles prinzipien grundsätze methodology eigenschaften umgangsformen etikette"
    " gepflogenheiten erörterung abhandlung hausarbeit referat facharbeit paper report bericht"
    " assumption assumptions premise premises fallacy fallacies annahme annahmen prämisse prämissen"
    " fehlschluss trugschluss argumentation gutachten experiment experiments study studie versuch kampagne"
    " campaign workshop itinerary",
    "abstract": "society societies economy economic economics politics political culture cultural"
    " democracy democracies philosophy philosophical psychology social climate evolution environment"
    " environmental education healthcare inflation recession unemployment globalization capitalism"
    " socialism sustainability policy policies legislation government governments innovation"
    " technology technologies productivity behavior behaviour identity religion morality justice"
    " freedom gender inequality migration urbanization industrialization revolution colonialism"
    " imperialism market markets labour labor wages investment savings diplomacy gesellschaft"
    " gesellschaften gesellschaftlich wirtschaft wirtschaftlich wirtschaftliche politik politische"
    " kultur kulturelle kulturellen demokratie demokratien philosophie psychologie soziale sozialen"
    " umwelt bildung gesundheitsversorgung rezession arbeitslosigkeit globalisierung kapitalismus"
    " nachhaltigkeit regierung regierungen technologie technologien produktivität verhalten identität"
    " gerechtigkeit freiheit ungleichheit kolonialismus markt arbeitsmarkt löhne investitionen"
    " klimawandel medizin medicine intelligence intelligenz ethik utilitarismus utilitarianism kant"
    " ethics biodiversity biodiversität ecosystem ökosystem quantum quanten superposition entanglement"
    " verschränkung relativity thermodynamics photosynthesis photosynthese vaccine vaccines"
    " vaccinations impfungen impfstoff impfstoffe nuclear kernenergie renewable erneuerbare literature"
    " literatur novel roman narrative historical historische enlightenment aufklärung rechtssystem law"
    " recht prejudice vorurteile rights rechte",
    "logic": "riddle puzzle rätsel knobelaufgabe logic logisch logisches logikrätsel knight knave liar"
    " lügner necessarily zwingend deduce syllogism truth-teller crossing wolf ziege kohlkopf weighings"
    " wägungen ritter schurken knights knaves heavier schwerer taller lighter older younger größer kleiner"
    " älter jünger schneller"
    " faster slower zwangsläufig",
    "kin": "brother brothers sister sisters father mother son daughter bruder brüder schwester"
    " schwestern vater mutter sohn tochter vaters fathers",
    "considered": "problems reasons ways techniques tips measures qualities skills challenges signs"
    " symptoms clues differences similarities strategies effects consequences benefits risks"
    " advantages disadvantages factors criteria implications impacts drawbacks arguments steps"
    " principles approaches habits probleme gründe wege techniken tipps maßnahmen eigenschaften"
    " fähigkeiten herausforderungen anzeichen hinweise merkmale unterschiede gemeinsamkeiten"
    " strategien auswirkungen folgen konsequenzen vorteile nachteile risiken faktoren kriterien"
    " argumente schritte prinzipien grundsätze ansätze umgangsformen möglichkeiten chancen"
    " gewohnheiten ethical ethische ethischen moral moralische moralischen significance bedeutung"
    " symbolism symbolik",
    "modal": "could can might would should may könnte könnten können sollte sollten würde würden sähe"
    " wäre wären dürfte",
    "elsewhere": "snake snakes schlange schlangen reptile reptil zoo island insel indonesia indonesien"
    " indonesiens kaffee coffee monty komiker comedy jakarta sumatra bali terrarium venomous giftig"
    " edelstein gemstone juwel pet pets haustier haustiere würgeschlange riesenschlange",
    "long_text": "story blog essay article speech screenplay kurzgeschichte geschichte blogbeitrag aufsatz"
    " artikel rede",
    "quantifier": "all every some no alle jeder einige kein keine",
    "number_word": "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty"
    " forty fifty hundred thousand zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig"
    " dreißig vierzig fünfzig hundert tausend",
    "unit": "% $ € £ dollar dollars euro euros cents cent km kilometer kilometers kilometre kilometres"
    " mile miles meile meilen meter meters metres cm mm kg gram grams gramm g pound pounds pfund liter"
    " liters litres hour hours stunde stunden minute minutes minuten seconds sekunden day days tag"
    " tage tagen week weeks woche wochen month months monat monate monaten year years jahr jahre"
    " jahren gallons gallonen inches feet foot degrees grad mph mol joule watt newton volt ohm",
    # Small talk.
    "greeting": "hi hello hey hallo hallihallo moin servus tach grüezi huhu yo howdy greetings tschüss"
    " tschau ciao bye goodbye cheers thanks thank thx danke dankeschön merci sorry entschuldigung"
    " entschuldige welcome willkommen lol haha hahaha ha hihi wow cool super toll prima yeah yep nope"
    " jawohl okay genau stimmt nah sure naja hmm hm oh ah aha ach gratuliere glückwunsch prost gute",
    "you": "you your yours yourself du dein deine deinen deinem deiner dich dir euch",
    "me": "i me my mine am ich mich mir mein meine meinen meinem wir us we",
    "feeling": "tired bored happy sad lonely angry scared afraid love like hate feel feeling hungry sick"
    " fun funny müde langweilig glücklich traurig einsam wütend ängstlich angst liebe mag hasse fühle"
    " hunger krank witzig lustig nett schön favourite favorite lieblings hobby hobbys lieblingsfarbe"
    " lieblingsfilm lieblingsessen",
    "small_writing": "translate übersetze übersetzung translation joke witz limerick haiku poem gedicht"
    " synonym synonyme antonym rhyme reim spell buchstabiere paraphrase umformulieren rephrase reword"
    " pronounce pronounced pronunciation ausspricht ausgesprochen dankeskarte geburtstagskarte"
    " toast greeting gruß geburtstagsgruß grußkarte birthday einladung invitation tweet caption slogan"
    " e-mail email mail korrigiere rechtschreibung grammatik grammar korrektur kurznachricht sms"
    " politely höflicher",
    "stage": "film movie song lied actor actress schauspieler schauspielerin sänger sängerin singer"
    " musical opera oper series serie episode staffel album band character theaterstück",
    "creature": "schlange snake snakes schlangen insel island coffee kaffee restaurant film movie song"
    " lied band album actor schauspieler sänger singer player spieler team mannschaft season staffel"
    " episode king könig queen königin president präsident kanzler capital hauptstadt river fluss"
    " mountain berg country land city stadt war krieg born geboren died gestorben century jahrhundert"
    " author autor",
}

_SUFFIXES: dict[str, str] = {
    # How a German compound ends says what it is.
    "noun": "dateien datei verzeichnisse verzeichnissen verzeichnis skripte skript befehle befehl"
    " datenbanken datenbank abfragen abfrage schnittstellen schnittstelle server repository variablen"
    " umgebung container zeichenketten schleife parameter adressen adresse partition ausdrücke"
    " ausdruck prozesse",
    "noun_soft": "funktionen funktion paketen pakete paket ordner listen liste tabellen tabelle"
    " komponente anwendung version verbindung fenster gerät geräte protokoll schlüssel dienst dienste"
    " konfiguration argumente option optionen zeilen zeile spalte spalten",
    "analyse_noun": "auswirkungen auswirkung strategien strategie theorien theorie folgen ursachen einflüsse",
    "abstract": "politik wirtschaft gesellschaft philosophie ismus kratie sophie cracy sophy",
    "maths": "gleichung gleichungen wahrscheinlichkeit rechnung winkel neck seck",
}


def _fold(word: str) -> str:
    table = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
    return word.casefold().translate(table)


def _by_word(groups: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group, words in groups.items():
        for word in dict.fromkeys(map(_fold, words.split())):
            found[word] = (*found.get(word, ()), group)
    return found


def _forms() -> str:
    """What captions and titles make of an order: "Prints …", "Merging …"."""
    found: list[str] = []
    for verb in _WORDS["act"].split():
        stem = verb.removesuffix("e")
        doubled = verb + verb[-1] if len(verb) < 5 and verb[-1] not in "aeiouwy" else stem
        found += [f"{verb}s", f"{verb}es", f"{stem}ing", f"{doubled}ing"]
    return " ".join(found)


GROUPS = _by_word({**_WORDS, "act_form": _forms()})
"""The groups of every word."""

SUFFIXES = dict(sorted(_by_word(_SUFFIXES).items(), key=lambda entry: -len(entry[0])))
"""The groups of a compound by its end, the longest first."""
