use super::*;

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_mins(10);

fn caller(used: u64) -> Spending {
    let budget = TimeBudget::new(0.1, Duration::from_secs(4));
    budget.charge(Duration::from_secs(used));
    Spending::new(budget, None)
}

fn take(queue: &FairQueue, caller: &Spending) -> Vec<Permit> {
    std::iter::from_fn(|| queue.try_acquire(Some(caller.budget()))).collect()
}

#[test]
fn some_permits_are_kept_for_those_who_use_little() {
    let queue = FairQueue::new(15, 2.0);
    let (greedy, heavy, light) = (caller(0), caller(3), caller(0));
    assert_eq!(take(&queue, &greedy).len(), 11);
    let _held = take(&queue, &greedy);
    assert!(queue.try_acquire(Some(heavy.budget())).is_none());
    assert_eq!(take(&queue, &light).len(), 1);
    assert_eq!(queue.held(), 11);
}

#[test]
fn the_server_takes_what_there_is() {
    let queue = FairQueue::new(2, 2.0);
    let held: Vec<Permit> = std::iter::from_fn(|| queue.try_acquire(None)).collect();
    assert_eq!((held.len(), queue.held()), (2, 2));
    drop(held);
    assert_eq!(queue.held(), 0);
}

#[test]
fn all_who_are_in_debt_share_one_lane() {
    let queue = FairQueue::new(15, 4.0);
    let (first, second) = (caller(5), caller(6));
    let held = (take(&queue, &first), take(&queue, &second));
    assert_eq!((held.0.len(), held.1.len()), (2, 0), "half of four processors");
    assert_eq!(take(&queue, &caller(0)).len(), 9, "the others do not notice");
}

#[test]
fn heavy_callers_keep_to_the_lane_while_a_light_one_is_about() {
    let queue = FairQueue::new(15, 4.0);
    let (light, heavy, debtor) = (caller(0), caller(3), caller(5));
    assert_eq!(take(&queue, &heavy).len(), 11, "nobody else is there");
    drop(take(&queue, &light));
    let held = take(&queue, &heavy);
    assert_eq!(held.len(), 2, "half of four processors");
    assert_eq!(take(&queue, &debtor).len(), 0, "it is one lane");
    assert_eq!(take(&queue, &light).len(), 9);
}

#[tokio::test]
async fn whoever_holds_least_comes_first_and_whoever_is_in_debt_last() {
    let queue = FairQueue::new(2, 2.0);
    let (one, other, debtor) = (caller(0), caller(0), caller(5));
    let mut held = take(&queue, &one);
    let order = Mutex::new(Vec::new());
    let wait = async |name: &'static str, caller: &Spending| {
        let permit = queue.acquire(Some(caller), NEVER).await.unwrap();
        order.lock().push(name);
        permit
    };
    let waiting = async {
        tokio::join!(wait("debtor", &debtor), wait("one", &one), wait("other", &other), wait("other too", &other))
    };
    let giving = async {
        while queue.waiting() < 4 {
            tokio::task::yield_now().await;
        }
        drop(held.pop());
        while order.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(*order.lock(), ["other"]);
        drop(held.pop());
    };
    let giving = async {
        giving.await;
        while order.lock().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    // Those who were served hold what they got until the end.
    tokio::select! {
        _ = waiting => panic!("there are two permits for four"),
        () = giving => {}
    }
    assert_eq!(*order.lock(), ["other", "one"]);
    assert_eq!((queue.waiting(), queue.held()), (0, 0), "whoever gave up has left");
}

#[tokio::test]
async fn whoever_is_in_debt_is_refused_and_others_are_late() {
    let queue = FairQueue::new(1, 2.0);
    let _held = queue.try_acquire(None);
    let (debtor, other) = (caller(5), caller(0));
    let refusal = queue.acquire(Some(&debtor), SOON).await.unwrap_err();
    assert_eq!(refusal, NoPermit::OverBudget(debtor.refused().unwrap()));
    assert_eq!(queue.acquire(Some(&other), SOON).await.unwrap_err(), NoPermit::Late);
    debtor.bind();
    assert_eq!(queue.acquire(Some(&debtor), SOON).await.unwrap_err(), NoPermit::Late, "what it changed must be told");
    assert_eq!(queue.waiting(), 0);
}

#[tokio::test]
async fn what_becomes_free_goes_to_whoever_still_waits() {
    let queue = FairQueue::new(1, 2.0);
    let (one, other) = (caller(0), caller(0));
    let held = queue.try_acquire(None);
    let mut gone = Box::pin(queue.acquire(Some(&one), NEVER));
    let mut waits = Box::pin(queue.acquire(Some(&other), NEVER));
    assert!(futures_util::poll!(&mut gone).is_pending() && futures_util::poll!(&mut waits).is_pending());
    drop(held);
    // It was handed over, and never received.
    drop(gone);
    assert!(waits.await.is_ok());
    assert_eq!((queue.waiting(), queue.held()), (0, 0));
}

#[test]
fn use_is_charged_and_waiting_is_not() {
    let queue = FairQueue::new(4, 2.0);
    let caller = Spending::new(TimeBudget::new(0.000_001, Duration::ZERO), None);
    drop(queue.try_acquire(Some(caller.budget())));
    assert_eq!(caller.budget().standing(Duration::ZERO, Instant::now()), Standing::Light);
    let mut permit = queue.try_acquire(Some(caller.budget())).unwrap();
    permit.begin();
    drop(permit);
    assert_eq!(caller.budget().standing(Duration::ZERO, Instant::now()), Standing::InDebt);
}
