"""PURE: the tables of words that a tool's name, description and fields are read by."""


def table(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ACTS = {
    "draft": """
        draft compose outline
    """,
    "recommend": """
        recommend suggest propose advise
    """,
    "tag": """
        tag label categorize categorise classify flag mark bookmark star unstar pin unpin
        annotate react vote like rate
    """,
    "route": """
        route assign unassign reassign triage escalate handoff delegate transition prioritize
        reprioritize prioritise
    """,
    "write": """
        bump silence boost admit prescribe dose strike kick nominate elect onboard ingest
        quarantine isolate deprovision decommission retire drain cordon uncordon taint expose
        compress unzip compile bundle minify sanitize redact anonymize mask transcode encode
        assume mint burn unstake delist reorder rearrange embed crosspost reconcile carry
        receive assemble customize customise trim write rewrite overwrite create make add insert
        update edit modify change alter set put patch save upsert upload rename move copy clone
        duplicate fork replace swap merge split store persist record append prepend sync
        synchronize synchronise import export restore reset enable disable toggle adjust
        increment decrement attach detach link unlink connect disconnect build rebuild generate
        regenerate configure setup initialize initialise init provision register apply convert
        transform migrate publish unpublish archive unarchive commit push pull checkout rebase
        stage tweet retweet log track touch backup populate fill resize rotate crop encrypt
        decrypt sign unlock lock mute unmute snooze pause resume resolve unresolve complete
        finish finalize finalise promote demote scale turn switch increase decrease raise lower
        renew refresh refuel reload recharge top lpush rpush zadd sadd hset xadd mset expire ban
        unban block unblock suspend unsuspend activate deactivate hide unhide reserve hold
        release claim acquire consume dequeue enqueue pop redeem override process perform manage
        handle cast report open reopen post comment note review reindex index test seed load fix
        repair indicate signal inform correct improve optimize rollback revert undo redo clock
        punch mkdir chmod chown mv cp play press click tap type hover drag select scroll
        navigate evaluate eval interact control operate maintain extend shorten unfollow follow
        acknowledge ack complain upgrade downgrade install uninstall mount unmount format
        initiate begin end establish authenticate login logout proceed
    """,
    "schedule": """
        schedule reschedule plan
    """,
    "send": """
        mention request solicit telegram whatsapp tell send resend email mail message sms text
        call dial phone notify alert remind reply respond answer share broadcast announce
        forward deliver dispatch contact nudge page whisper ship emit fax print
    """,
    "trigger": """
        failover evacuate flash reimage spin tear bring arm disarm discharge fly drive requeue
        redrive replay reprocess retrain train tune trigger run rerun retry execute exec start
        launch deploy redeploy invoke stop restart reboot shutdown kill halt queue spawn boot
        wake reseat fire
    """,
    "invite": """
        invite
    """,
    "enrol": """
        enrol enroll unenrol unenroll subscribe join leave offboard
    """,
    "grant": """
        issue blacklist blocklist denylist allowlist grant allow permit give award entitle
        empower authorize authorise impersonate elevate whitelist protect unprotect
    """,
    "refund": """
        refund reimburse credit compensate return chargeback
    """,
    "cancel": """
        cancel void revoke terminate abort unsubscribe close deny decline invalidate
    """,
    "delete": """
        expunge obliterate nuke zap unregister undeploy unschedule delete remove drop purge
        erase destroy wipe clear truncate del rm rmdir unset flush discard trash prune clean
        empty hdel lpop rpop lrem srem zrem xdel strip eject evict dismiss eliminar borrar
        supprimer effacer loeschen löschen entfernen excluir apagar eliminare cancellare
        rimuovere verwijderen usun удалить 删除 刪除 削除
    """,
    "approve": """
        approve accept confirm reject attest certify endorse
    """,
    "commit": """
        borrow lend invest liquidate rebalance expedite waive stake fund remit disburse payout
        capture collect hire pay purchase buy sell order charge transfer agree submit exchange
        place trade bid settle withdraw deposit book rebook preorder donate tip wire debit bill
        invoice pagar comprar payer acheter zahlen bezahlen kaufen pagare 支付 购买
    """,
}
_ABROAD = {
    "write": """
        bump silence boost admit prescribe dose strike kick nominate elect onboard crear
        actualizar modificar guardar creer créer modifier enregistrer erstellen anlegen ändern
        aendern speichern aktualisieren criar atualizar alterar salvar creare modificare
        aggiornare aanmaken wijzigen создать изменить обновить 创建 修改 保存 作成 変更
    """,
    "send": """
        enviar envoyer senden schicken inviare verzenden versturen отправить 发送 發送 送信
    """,
    "cancel": """
        cancelar annuler stornieren kündigen annullare annuleren отменить 取消
    """,
}
VERBS: dict[str, str] = {
    word: verb for acts in (_ACTS, _ABROAD) for verb, text in acts.items() for word in text.split()
}
"""A word that acts to the verb of ours that it is taken for."""

LIGHT = table("issue make process perform handle manage")
"""Words that leave to the next one what is done: issue_refund, make_call."""

READS = table("""
    get list find search read fetch retrieve lookup look count describe show display view browse
    see inspect explore peek query check compare diff calculate compute estimate think analyze
    analyse summarize summarise translate extract parse detect predict forecast locate geocode
    explain filter sort rank measure exists determine gather discover enumerate examine grep cat
    head tail ls pwd whoami hget validate simulate preview whois wait multiply subtract divide
    sum round hgetall hexists lrange smembers zrange mget dbsize getter reader finder fetcher
    viewer lister calculator searcher obtener buscar listar consultar mostrar leer obtenir
    chercher rechercher afficher lire suchen anzeigen abrufen auflisten lesen holen obter ler
    cercare leggere mostrare zoeken 获取 查询 搜索 查看 检索 取得 検索 一覧
""")
"""Words that only read."""

PERHAPS = table("""
    obtain identify download verify is has can does are scan monitor watch poll audit diagnose
    troubleshoot screenshot snapshot observe visualize render crawl scrape ping help checker
    scraper dump benchmark
""")
"""Words that read where something else says so too."""

TOLD = table("""
    health heartbeat info details detail status state stats statistics summary history overview
    metadata version versions usage metrics logs results log report schedule plan index format
    rate route analyzer converter profile trace top
""")
"""What a name ends in that is about something: server_info, git_log."""

MEASURED = table("""
    history stats statistics metrics metadata versions
""")
"""What nobody does to a thing: commit_history, order_stats."""

ALSO_NOUNS = table("""
    drive fly spin tear silence boost bump strike kick issue draft outline tag label flag mark
    bookmark star pin vote like rate route transition record import export reset link build fork
    merge split copy duplicate clone change commit push pull checkout stage tweet log track
    touch backup fill lock pause scale switch top ban block hold release claim pop override
    process cast report open post comment note review index seed load fix correct rollback play
    press tap type drag select scroll control ack upgrade downgrade mount format end login
    logout schedule plan email mail message sms text call phone alert reply answer share contact
    page ship trigger run start launch stop queue boot fire invite grant award permit credit
    return chargeback void close decline drop empty trash purchase order charge transfer
    exchange place trade bid deposit book tip wire debit bill invoice set store reserve archive
    register convert patch make turn rotate whitelist clock punch hide mute fax leave clean
    increase decrease raise lower put refund exec sign complete delegate handoff broadcast
    request mention capture carry embed fund train mask bundle stake tune expose replay move
    deploy setup dispatch forward escalate perform
""")
"""Words that act where they lead and name a thing where they follow: list_orders, get_label."""

THINGS = table("""
    issue commit review comment note label tag flag log report record index route plan draft
    release build fork vote bookmark link stage
""")
"""Those that name a thing behind a maker's name as well: gitlab_commit_signature."""

ALSO_PLURALS = table("""
    write edit updates changes writes edits uploads inserts sends adds moves
""")
"""What is no noun to the tables above but may be one in a sentence."""

MILD = table("""
    return like rate end begin handle prioritize prioritise process perform format refresh
    configure connect link initialize initialise init initiate build apply convert transform
    complete log track generate run call page scale control click type play press turn switch
    select follow answer respond establish authenticate maintain extend improve optimize upgrade
    operate resolve report make fill raise top touch hold load index proceed allow alert queue
    complain indicate signal inform test accept note tell request mention carry embed assume
    expose receive collect reconcile assemble
""")
"""Words that say little inside a sentence about something else: they count where they lead."""

ABOUT = table("""
    status state history log logs limit limits option options info information detail details
    stats statistics metrics count counts preview schema fields reason reasons policy policies
    rules window eligibility fee fees cost costs quota permission permissions request requests
    event events job jobs type types template templates
""")
"""What follows a word that names a thing: get_delete_status, describe_create_options."""

JOINS = table("and or then plus after und ou oder et y")
PHRASES = frozenset(
    {("check", word) for word in ("in", "out", "off", "box", "checkbox", "into")}
    | {("opt", "in"), ("opt", "out"), ("log", "in"), ("log", "out"), ("log", "off")}
    | {("sign", word) for word in ("in", "out", "up", "off")}
    | {("set", "up"), ("clean", "up"), ("roll", "back"), ("hand", "off"), ("hand", "over")}
    | {("shut", "down"), ("take", "over"), ("clock", "in"), ("clock", "out"), ("carry", "out")}
    | {("top", "up"), ("put", "on"), ("take", "payment"), ("let", "in"), ("write", "off")}
    | {("get", "rid"), ("list", "item"), ("list", "product"), ("list", "property")}
    | {("give", "back"), ("pay", "out"), ("pick", "up"), ("fill", "in"), ("fill", "out")}
)
"""Two words that act together, though neither may by itself."""

COMPOUNDS = frozenset(
    {(kind, "rate") for kind in ("exchange", "interest", "tax")}
    | {(what, "request") for what in ("pull", "merge")}
    | {(what, "requests") for what in ("pull", "merge")}
    | {("phone", "number"), ("email", "address"), ("credit", "card"), ("merge", "base")}
    | {("post", "code"), ("postal", "code"), ("time", "zone"), ("support", "case")}
)
"""Two words that together name a thing."""

MEASURES = table("""
    currency currencies time timezone timezones zone unit units temperature celsius fahrenheit
    kelvin distance miles liter liters litre litres gallon gallons meter meters feet inch inches
    kg pounds kilometers kilometres weight length volume speed angle base number timestamp epoch
    color colour coordinates rgb hex roman amount rate
""")
"""What is converted by computing alone."""

LEVELS: dict[str, str] = {
    "read": "read_only",
    "draft": "draft_generation",
    "recommend": "recommendation",
    "create_task": "task_creation",
    "tag": "system_write_back",
    "write": "system_write_back",
    "route": "system_write_back",
    "schedule": "system_write_back",
    "trigger": "system_write_back",
    "send": "external_message",
    "invite": "external_message",
    "enrol": "external_message",
    "grant": "customer_impacting_decision",
    "refund": "customer_impacting_decision",
    "cancel": "customer_impacting_decision",
    "delete": "customer_impacting_decision",
    "approve": "customer_impacting_decision",
    "commit": "customer_impacting_decision",
}
TASKS = frozenset({"task", "ticket", "todo", "reminder"})
TERMS = frozenset({"price", "prices", "pricing", "discount", "terms", "contract"})
